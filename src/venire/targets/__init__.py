"""From votes to ratings: what a student is trained on, and models over prompts."""

from venire.targets._fit_judges import fit_judges
from venire.targets._fit_votes import VotesFit, fit_votes
from venire.targets._judges_fit import JudgesFit
from venire.targets._rate import rate
from venire.targets._rated import Rated
from venire.targets._targets import Targets, make_targets

__all__ = [
    "JudgesFit",
    "Rated",
    "Targets",
    "VotesFit",
    "fit_judges",
    "fit_votes",
    "make_targets",
    "rate",
]
