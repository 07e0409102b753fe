"""Beta posteriors of probabilities that were observed by votes, and what to do with them."""

from venire.posteriors._needs import Needs, needs_votes
from venire.posteriors._posterior import BetaPosterior
from venire.posteriors._prior import fit_beta_prior

__all__ = ["BetaPosterior", "Needs", "fit_beta_prior", "needs_votes"]
