"""What others than the fits need of rankings: their problem, its solution, their parts."""

from venire.ratings._ranking_existence import within
from venire.ratings._ranking_labels import labels_of
from venire.ratings._ranking_merging import merged
from venire.ratings._ranking_problem import RankingProblem
from venire.ratings.plackett_luce import METHODS, fitted_rankings

__all__ = ["METHODS", "RankingProblem", "fitted_rankings", "labels_of", "merged", "within"]
