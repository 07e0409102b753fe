"""Small data that the package carries: facts typed in from their published sources, or simulated
and called so. ``load_NAME()`` gives what is fitted next, ``venire data NAME`` writes the file."""

from venire.datasets._load import (
    Documents,
    load_baseball_1987,
    load_battles,
    load_both_orders,
    load_chances,
    load_citations,
    load_documents,
    load_judges,
    load_nascar_2002,
    load_ranked_answers,
    load_season,
    load_styles,
    load_taste,
    load_topics,
    load_toy_players,
    load_verdicts,
)
from venire.datasets._table import DataSet, columns, describe, names, path

__all__ = [
    "DataSet",
    "Documents",
    "columns",
    "describe",
    "load_baseball_1987",
    "load_battles",
    "load_both_orders",
    "load_chances",
    "load_citations",
    "load_documents",
    "load_judges",
    "load_nascar_2002",
    "load_ranked_answers",
    "load_season",
    "load_styles",
    "load_taste",
    "load_topics",
    "load_toy_players",
    "load_verdicts",
    "names",
    "path",
]
