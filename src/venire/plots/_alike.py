"""Which teachers are alike: how far they agree, and how far their errors correlate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from venire._core import checks
from venire.data.votes import Votes
from venire.ensembles import Decomposition
from venire.panel import Agreement, Consensus, GoldReport, agreement
from venire.plots._matrix import MOST, draw_matrix
from venire.plots._style import axes, bare, finish
from venire.targets import Rated

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_agreement", "plot_correlation"]

FEWEST = 10  # pairs in common, below which nothing is said
WIDTH, HEIGHT = 6.6, 4.4  # inches

_MEASURES = {"kappa": ("κ", "Cohen's kappa"), "share": ("", "share of equal votes")}


def plot_agreement(
    result: Agreement | Votes | Consensus | Rated,
    ax: Axes | None = None,
    *,
    measure: str = "kappa",
    top: int | None = None,
) -> Axes:
    """Draw how far teachers agree, two by two: those alike beside each other.

    Parameters
    ----------
    result : Agreement, Votes, Consensus or Rated
    ax : matplotlib Axes, optional
        Where to draw; by default a new figure.
    measure : {"kappa", "share"}
        Cohen's kappa, agreement beyond chance; or the share of votes on common pairs that are
        equal.
    top : int, optional
        Rows at most: teachers who are most alike are one row, named after the first of them.
        Default: as many as can be read.

    Returns
    -------
    matplotlib Axes
        A cell for each two rows, the mean over their members; hatched where they have fewer than
        10 pairs in common, for then it is not known. On the right, at which agreement rows were
        joined (average linkage).

    Raises
    ------
    ValueError, TypeError
        If `result` is something else, `measure` is unknown, `top` is out of range, or there are
        over 2,000 teachers.
    """
    symbol, what = _MEASURES[checks.one_of(measure, "measure", tuple(_MEASURES))]
    if isinstance(result, Rated):
        result = result.consensus
    if isinstance(result, Consensus):
        result = result.votes
    if isinstance(result, Votes):
        result = agreement(result)
    if not isinstance(result, Agreement):
        reason = f"must be an Agreement, Votes, Consensus or Rated, got {type(result).__name__}"
        checks.fail("result", reason, kind=TypeError)
    likeness = getattr(result, measure)
    found = _Alike(result.teachers, likeness, result.n_common, "")
    return _drawn(ax, found, symbol, what, top)


def plot_correlation(
    result: Consensus | Rated | GoldReport | Decomposition,
    ax: Axes | None = None,
    *,
    top: int | None = None,
) -> Axes:
    """Draw how far the errors of teachers, or of members of an ensemble, correlate.

    Parameters
    ----------
    result : Consensus, Rated, GoldReport or Decomposition
        A consensus with gold: of the errors around it. Without, one of method "correlated": of the
        errors around the panel's own verdicts, in which what all teachers share cannot be seen.
    ax : matplotlib Axes, optional
        Where to draw; by default a new figure.
    top : int, optional
        Rows at most: teachers who are most alike are one row, named after the first of them.
        Default: as many as can be read.

    Returns
    -------
    matplotlib Axes
        As of `plot_agreement`.

    Raises
    ------
    ValueError, TypeError
        If `result` is something else or knows no correlation, or `top` is out of range.
    """
    return _drawn(ax, _errors_of(result), "r", "correlation of errors", top)


class _Alike(NamedTuple):
    """Likeness of two by two, and the pairs that it rests on, if those are known."""

    labels: NDArray[Any]
    likeness: NDArray[np.float64]
    n_common: NDArray[Any] | None
    told: str


def _errors_of(result: Any) -> _Alike:
    """Correlations of errors, and what they are around."""
    if isinstance(result, Rated):
        result = result.consensus
    if isinstance(result, Decomposition):
        members = np.arange(1, result.n_members + 1)
        return _Alike(members, result.correlation, None, "members of the ensemble")
    gold = result.gold if isinstance(result, Consensus) else result
    if isinstance(gold, GoldReport) and gold.correlation is not None:
        told = f"errors around gold, {gold.n_pairs:,} pairs"
        return _Alike(gold.teachers, gold.correlation, gold.n_common, told)
    if not isinstance(result, (Consensus, GoldReport)):
        reason = "must be a Consensus, Rated, GoldReport or Decomposition, got "
        checks.fail("result", reason + type(result).__name__, kind=TypeError)
    if isinstance(result, Consensus) and result.correlation is not None and gold is None:
        told = "errors around the panel's verdicts: what all share is not seen"
        common = agreement(result.votes).n_common
        return _Alike(result.teachers, result.correlation, common, told)
    reason = 'has no correlation of errors: give gold, or method="correlated" (near-duplicates)'
    return checks.fail("result", reason)


def _drawn(ax: Axes | None, found: _Alike, symbol: str, what: str, top: int | None) -> Axes:
    top = checks.top(top)
    labels, likeness, told = found.labels, found.likeness.copy(), [found.told]
    if found.n_common is not None:
        few = found.n_common < FEWEST
        np.fill_diagonal(few, False)
        likeness[few] = np.nan
    if not len(labels):
        checks.fail("result", "has no teachers")
    if len(labels) > MOST:
        most = np.argsort(-np.isfinite(likeness).sum(axis=1), kind="stable")[:MOST]
        told.append(f"the {MOST} of {len(labels):,} who share most")
        labels, likeness = labels[most], likeness[np.ix_(most, most)]
    ax = axes(ax, WIDTH, HEIGHT)
    n = len(labels)
    shown, n_rows = draw_matrix(ax, likeness, labels, symbol=symbol, what=what, top=top)
    if n_rows < shown:
        told.append(f"{shown:,} in {n_rows} rows, cells are means")
    if shown < n:
        told.append(f"left out: {n - shown:,} who share too few pairs with others")
    if n == 1:
        told.append("one only: nobody to compare with")
    off = ~np.eye(n, dtype=bool)
    if np.isnan(likeness[off]).any():
        told.append("hatched: not known")
    return bare(finish(ax, "", grid="", notes=told), pad=17.0)  # beyond the numbers of rows
