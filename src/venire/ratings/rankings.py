"""What others than the fits need of rankings: their problem, its solution, their parts."""

from venire.ratings._ranking_existence import within
from venire.ratings._ranking_problem import RankingProblem
from venire.ratings.plackett_luce import fitted_rankings

__all__ = ["RankingProblem", "fitted_rankings", "within"]
