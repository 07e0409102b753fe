"""Tables of rated models: the categories as one, the judges, and both for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from venire import scales
from venire._core.intervals import critical_value
from venire._core.summary import Summary
from venire.ratings import GroupedFit
from venire.targets._judged import Judged

if TYPE_CHECKING:
    from venire.targets._rated import Rated

__all__ = ["judges", "summarised", "with_categories"]

ALL = "all"

MOST_JUDGES = 10  # in a summary


def with_categories(
    rated: Rated, columns: dict[str, Any], level: float, errors: str | None
) -> dict[str, Any]:
    """The columns of all prompts, and below them those of each category, where there are any."""
    if rated.by is None:
        return columns
    more = _by_category(rated.by, rated._judged, level, errors)
    labels = [str(x) for x in more["group"].tolist()]
    whole = ALL if ALL not in labels else f"({ALL})"
    category = np.array([whole] * len(rated.items) + labels, object)
    both = {name: _joined(x, more[name]) for name, x in columns.items() if name in more}
    return {"category": category} | both


def _by_category(
    by: GroupedFit, judged: Judged, level: float, errors: str | None
) -> dict[str, Any]:
    """Columns over the models of all categories: those of groups, and the number of prompts."""
    columns: dict[str, Any] = by.to_frame("dict", errors=None)
    n_prompts = np.zeros(len(by.theta), np.int64)
    error, quantile = (np.full(len(by.theta), np.nan) for _ in range(2))
    if errors == "fisher":
        error, quantile = by.standard_errors(), np.full(len(error), critical_value(level))
    ridge = 0.0 if by.prior is None else by.prior.precision
    own_theta, shown = by.own.theta, by.display
    unit = scales.factor(by.own.scale, by.scale)
    for k, fitted in enumerate(np.isfinite(by.residual).tolist()):
        own = slice(int(by.offsets[k]), int(by.offsets[k + 1]))
        if own.start == own.stop:
            continue
        n_prompts[own] = judged.n_prompts(k)[1]
        if errors == "robust" and fitted:
            found = judged.clustered(by.model, own_theta[own], ridge, False, one=k)
            anchor = None
            if shown.anchor is not None:
                at = np.flatnonzero(by.items[own] == shown.anchor)
                if not len(at):
                    continue
                anchor = int(at[0])
            found = found.shown(unit, anchor)
            error[own] = np.sqrt(np.maximum(np.diagonal(found.covariance), 0.0))
            quantile[own] = found.quantiles(level)
    if errors is not None:
        half = quantile * error
        columns |= {"standard_error": error, "lower": by.theta - half, "upper": by.theta + half}
    return columns | {"n_prompts": n_prompts, "determined": by.determined}


def _joined(a: NDArray[Any], b: NDArray[Any]) -> NDArray[Any]:
    """One column after the other; what is masked stays so."""
    together = np.ma.concatenate if np.ma.isMaskedArray(a) or np.ma.isMaskedArray(b) else None
    return (together or np.concatenate)([a, b])


def judges(rated: Rated, level: float) -> dict[str, NDArray[Any]]:
    """Columns over the judges, the heaviest first."""
    q, lean = rated.consensus, rated.leans(level)
    columns: dict[str, Any] = q.teachers_frame("dict", level=level)
    head = {name: columns.pop(name) for name in ("teacher", "n_judgments")}
    columns = {
        **head,
        "weight": q.teacher_weights,
        **columns,
        "position_bias": lean.bias,
        "position_lower": lean.lower,
        "position_upper": lean.upper,
    }
    order = np.argsort(-columns["weight"], kind="stable")
    return {name: np.asarray(x)[order] for name, x in columns.items()}


def summarised(rated: Rated, level: float, top: int | None, errors: str | None) -> Summary:
    """The leaderboard, the judges below it, and what to know."""
    columns = rated.columns(level, errors)
    votes, fit = rated.consensus.votes, rated.fit
    rank = np.ma.filled(columns["rank"], len(fit.theta) + 1)
    order = np.lexsort((columns["item"].argsort(kind="stable").argsort(), -fit.theta, rank))
    header = [
        f"{fit.model} over {rated.n_clusters:,} prompts: {len(fit.theta):,} models, "
        f"{votes.n_votes:,} votes of {votes.n_teachers:,} judges",
        f"consensus by {rated.consensus.method}: {fit.n_comparisons:,.0f} effective votes",
    ]
    how = "by prompt, judges' weights included" if errors == "robust" else "votes independent"
    notes = [f"SE: {how}; lower, upper: {100 * level:g} % interval"] if errors else []
    notes += _heard(rated, level)
    notes += [f"{notice.name}: {notice.text}" for notice in rated.warnings]
    hidden = () if fit.component.max(initial=0) else ("component",)
    return Summary.of(header, columns, notes, level, order=order, top=top, hidden=hidden)


def _heard(rated: Rated, level: float) -> list[str]:
    """A line for each judge."""
    t = {name: x[:MOST_JUDGES] for name, x in judges(rated, level).items()}
    lines = ["", "judge: weight of a vote, agreement with the panel, position bias"]
    for k, teacher in enumerate(t["teacher"].tolist()):
        bias, low, high = (t[f"position_{x}"][k] for x in ("bias", "lower", "upper"))
        told = f"{bias:+.2f} ({low:.2f} .. {high:.2f})" if np.isfinite(bias) else "not known"
        lines.append(f"  {teacher}: {t['weight'][k]:.2f}, {t['agreement'][k]:.2f}, {told}")
    rest = len(rated.teachers) - MOST_JUDGES
    return lines + ([f"  and {rest:,} more"] if rest > 0 else [])
