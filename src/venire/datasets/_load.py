"""Loaders: each gives what is fitted next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from venire.data import Comparisons, GroupedComparisons, Rankings, Votes
from venire.datasets._table import columns
from venire.io import VotesFile

if TYPE_CHECKING:
    from venire.simulate import Teachers

__all__ = [
    "Documents",
    "load_baseball_1987",
    "load_battles",
    "load_both_orders",
    "load_chances",
    "load_citations",
    "load_club",
    "load_documents",
    "load_judges",
    "load_nascar_2002",
    "load_ranked_answers",
    "load_season",
    "load_split_panel",
    "load_styles",
    "load_taste",
    "load_topics",
    "load_toy_players",
    "load_verdicts",
]


def load_battles() -> Comparisons:
    """500 battles of seven models, ties among them. Simulated.

    Returns
    -------
    Comparisons

    Examples
    --------
    >>> import venire as vn
    >>> fit = vn.fit_bradley_terry(vn.datasets.load_battles())
    >>> fit.items[fit.theta.argmax()]
    'lynx-70b'
    """
    return Comparisons.from_frame(
        columns("battles"), first="model_a", second="model_b", outcome="winner"
    )


def load_styles() -> Comparisons:
    """1,200 battles of seven models on eighty prompts, with the lengths of both answers. Simulated.

    Returns
    -------
    Comparisons
        With the covariates `length`, in doublings of the number of words, and `markdown`, the
        number of headings and lists, of the first answer less the second; prompts are clusters.

    Examples
    --------
    >>> import venire as vn
    >>> c = vn.datasets.load_styles()
    >>> c.covariate_names, len(c.clusters)
    (('length', 'markdown'), 80)
    >>> plain = vn.fit_bradley_terry(c.without_covariates())
    >>> plain.items[plain.theta.argmax()]  # it writes the longest answers
    'heron-34b'
    """
    return Comparisons.from_frame(
        columns("styles"), first="model_a", second="model_b", outcome="winner", cluster="prompt",
        covariates=["length", "markdown"],
    )  # fmt: skip


def load_nascar_2002() -> Rankings:
    """Finishing orders of the 36 races of a season of stock cars. Hunter 2004.

    Returns
    -------
    Rankings
        Of 83 drivers by their numbers in the source, 42 or 43 of them in each race: 58 is PJ Jones,
        68 Scott Pruett. Four who were last in each of their races are left out, as they are there.

    Examples
    --------
    >>> import venire as vn
    >>> r = vn.datasets.load_nascar_2002()
    >>> r
    Rankings(n_items=83, n_rankings=36)
    """
    return Rankings.from_frame(columns("nascar_2002"), ranking="race", item="driver", rank="place")


def load_ranked_answers() -> Rankings:
    """Three judges sort four of seven models' answers to each of fifty prompts. Simulated.

    Returns
    -------
    Rankings
        With ties; judges are clusters.

    Examples
    --------
    >>> import venire as vn
    >>> r = vn.datasets.load_ranked_answers()
    >>> r, r.clusters.tolist()
    (Rankings(n_items=7, n_rankings=150), ['friendly', 'hasty', 'strict'])
    """
    return Rankings.from_frame(columns("ranked_answers"), place="ranking", cluster="judge")


def load_season() -> Comparisons:
    """120 games of eight clubs by their goals, eight of them on neutral ground. Simulated.

    Returns
    -------
    Comparisons

    Examples
    --------
    >>> import venire as vn
    >>> fit = vn.fit_davidson(vn.datasets.load_season(), order_effect=True)
    >>> fit.order_effect > 0.0  # in truth 0.3 of log-goals
    True
    """
    return Comparisons.from_frame(
        columns("season"), first="home", second="away", first_score="home_goals",
        second_score="away_goals", neutral="neutral",
    )  # fmt: skip


def load_club() -> Comparisons:
    """1,440 games of twelve chess players over three years, with dates, white first. Simulated.

    Returns
    -------
    Comparisons

    Examples
    --------
    >>> import venire as vn
    >>> games = vn.datasets.load_club()
    >>> str(games.dates[0])[:10], games.n_items
    ('2022-01-01', 12)
    """
    return Comparisons.from_frame(
        columns("club"), first="white", second="black", outcome="result", date="date"
    )


def load_baseball_1987() -> Comparisons:
    """Wins and losses of the American League's eastern division in 1987.

    Returns
    -------
    Comparisons
        273 games of seven teams, the one at home first.

    References
    ----------
    Agresti 2002, Categorical Data Analysis (2nd edition), section 10.6, doi:10.1002/0471249688.

    Examples
    --------
    >>> import venire as vn
    >>> fit = vn.fit_bradley_terry(vn.datasets.load_baseball_1987(), order_effect=True)
    >>> round(fit.order_effect, 4)  # Agresti has .302
    0.3023
    """
    return Comparisons.from_frame(
        columns("baseball_1987"), first="home", second="away", win="home_wins", loss="away_wins"
    )


def load_citations() -> Comparisons:
    """How often four journals of statistics cite each other.

    Returns
    -------
    Comparisons
        3,727 citations: the journal that is cited wins.

    References
    ----------
    Stigler 1994, Citation patterns in the journals of statistics and probability, Statistical
    Science 9, doi:10.1214/ss/1177010655; as in Agresti 2002, Categorical Data Analysis (2nd
    edition), page 448.

    Examples
    --------
    >>> import venire as vn
    >>> fit = vn.fit_bradley_terry(vn.datasets.load_citations())
    >>> found = fit.relative_to("Biometrika")
    >>> print(found.estimates.round(4))  # Turner and Firth 2012 print -2.9491 -0.4796 0.2690
    [ 0.     -2.9491 -0.4796  0.269 ]
    """
    return Comparisons.from_frame(
        columns("citations"), first="first", second="second", win="win", loss="loss"
    )


def load_taste() -> Comparisons:
    """Fifteen tasters' preferences among four samples, each pair once.

    Returns
    -------
    Comparisons

    References
    ----------
    David 1988, The Method of Paired Comparisons (2nd edition), page 116.

    Examples
    --------
    >>> import venire as vn
    >>> fit = vn.fit_thurstone(vn.datasets.load_taste())
    >>> print(fit.relative_to("A1").estimates.round(3))
    [0.    0.945 0.768 1.387]
    """
    return Comparisons.from_frame(
        columns("taste"), first="first", second="second", win="win", loss="loss"
    )


def load_toy_players() -> Comparisons:
    """Eight players whose results have no common maximum-likelihood scale.

    Two groups of players and the undefeated Eve, who beat members of both: three strongly connected
    components.

    Returns
    -------
    Comparisons
        17 games.

    References
    ----------
    The toy data of the R package BradleyTerryScalable (Kaye and Firth).

    Examples
    --------
    >>> import venire as vn
    >>> toy = vn.datasets.load_toy_players()
    >>> vn.fit_bradley_terry(toy)
    Traceback (most recent call last):
        ...
    venire.errors.NotIdentifiedError: ...
    >>> vn.fit_bradley_terry(toy, prior=vn.GaussianPrior(0.1)).converged
    True
    """
    return Comparisons.from_frame(
        columns("toy_players"), first="first", second="second", outcome="result"
    )


def load_verdicts() -> Votes:
    """Verdicts of three judges on the answers of five models to 60 prompts. Simulated.

    Returns
    -------
    Votes
        With the prompts as groups.

    Examples
    --------
    >>> import venire as vn
    >>> rated = vn.rate(vn.datasets.load_verdicts())
    >>> rated.items[rated.theta.argmax()]
    'lynx-70b'
    """
    return Votes.from_frame(
        columns("verdicts"), teacher="judge", first="model_a", second="model_b", group="prompt",
        vote="verdict", as_shown=True,
    )  # fmt: skip


def load_both_orders() -> VotesFile:
    """Votes of four judges on 120 pairs, each in both orders; gold for every third. Simulated.

    Returns
    -------
    venire.io.VotesFile
        The votes, and gold: 1 where the first of a pair is better, 0 where the second is, NaN where
        nobody knows.

    Examples
    --------
    >>> import venire as vn
    >>> votes, gold = vn.datasets.load_both_orders()
    >>> vn.consensus(votes, "stacked", gold=gold).probability.shape
    (120,)
    """
    table = columns("both_orders")
    votes = Votes.from_frame(
        table, pair="item", teacher="judge", vote=["vote_orig", "vote_swap"],
        swapped="vote_swap", mapping={1: "first", 0: "second"},
    )  # fmt: skip
    known = dict(zip(table["item"].tolist(), table["gold"].tolist(), strict=True))
    assert votes.pairs is not None
    return VotesFile(votes, np.array([known[pair] for pair in votes.pairs.tolist()]))


def load_split_panel() -> VotesFile:
    """Votes of six judges on 160 pairs in both orders; four are fond of what is long. Simulated.

    Returns
    -------
    venire.io.VotesFile
        The votes, and the key: 1 where the first of a pair is better, 0 where the second is.

    Examples
    --------
    >>> import venire as vn
    >>> votes, key = vn.datasets.load_split_panel()
    >>> vn.panel.which_side(votes, key).believe
    'reliability'
    """
    table = columns("split_panel")
    votes = Votes.from_frame(
        table, pair="item", teacher="judge", vote=["vote_orig", "vote_swap"], swapped="vote_swap"
    )
    known = dict(zip(table["item"].tolist(), (table["key"] == "A").tolist(), strict=True))
    assert votes.pairs is not None
    return VotesFile(votes, np.array([float(known[pair]) for pair in votes.pairs.tolist()]))


def load_chances() -> Votes:
    """Three judges' probabilities that the first of two answers wins, ties, loses. Simulated.

    Returns
    -------
    Votes
        With the prompts as groups.

    Examples
    --------
    >>> import venire as vn
    >>> q = vn.consensus(vn.datasets.load_chances())
    >>> bool((q.probability > 0.0).all() and (q.probability < 1.0).all())
    True
    """
    return Votes.from_frame(
        columns("chances"), teacher="judge", first="model_a", second="model_b", group="prompt",
        probabilities=["p_a", "p_tie", "p_b"], as_shown=True,
    )  # fmt: skip


def load_topics() -> GroupedComparisons:
    """Comparisons of ten arguments in each of twelve topics. Simulated.

    Returns
    -------
    GroupedComparisons

    Examples
    --------
    >>> import venire as vn
    >>> fits = vn.fit_groups(vn.datasets.load_topics())
    >>> len(fits.groups), bool(fits.converged.all())
    (12, True)
    """
    return GroupedComparisons.from_frame(
        columns("topics"), first="a", second="b", outcome="winner", group="topic"
    )


@dataclass(frozen=True, eq=False, repr=False)
class Documents:
    """Items of a distillation loop.

    Attributes
    ----------
    group, item : ndarray of str, shape (n,)
    features : ndarray of float64, shape (n, 3)
    gold : ndarray of float64, shape (n,)
        What each is worth; no teacher knows it.
    """

    group: NDArray
    item: NDArray
    features: NDArray[np.float64]
    gold: NDArray[np.float64]

    def __repr__(self) -> str:
        n, k = self.features.shape
        return f"<Documents: {n} in {len(np.unique(self.group))} groups, {k} features>"


def load_documents() -> Documents:
    """Twelve documents for each of twelve queries, their features and worth. Simulated.

    Returns
    -------
    Documents

    Examples
    --------
    >>> import venire as vn
    >>> docs = vn.datasets.load_documents()
    >>> docs
    <Documents: 144 in 12 groups, 3 features>
    >>> docs.group[:2].tolist(), docs.item[:2].tolist()
    (['q00', 'q00'], ['d00', 'd01'])
    """
    table = columns("documents")
    features = np.column_stack([table[f"x{k}"] for k in (1, 2, 3)])
    return Documents(table["query"], table["doc"], features, table["gold"])


def load_judges() -> Teachers:
    """Two teachers to simulate: a sharp and costly one, and a cheap one. Made up.

    Returns
    -------
    venire.simulate.Teachers

    Examples
    --------
    >>> import venire as vn
    >>> vn.datasets.load_judges().names.tolist()
    ['gpt', 'crowd']
    """
    from venire.simulate import Teachers

    table = columns("judges")
    return Teachers(
        table["sharpness"], own_error=table["own_error"], cost=table["cost"], names=table["name"]
    )
