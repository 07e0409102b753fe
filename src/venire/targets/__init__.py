"""From votes to what a student is trained on: teachers weighed, fits, targets with errors."""

from venire.targets._fit_votes import VotesFit, fit_votes
from venire.targets._targets import Targets, make_targets

__all__ = ["Targets", "VotesFit", "fit_votes", "make_targets"]
