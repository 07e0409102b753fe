"""Links that a caller brings: functions of the right and of the wrong kind, and what fits make of
them. No address that is not a function's: nobody can tell it from one."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import venire as vn
from fuzz.case import Case, entry
from fuzz.entries.data import comparison_arguments, grouped_arguments
from fuzz.entries.ratings import check_fit, fit_options

WRONG = (None, "cell", 1.5, True, 0, -1, 2**64, len, [1], (), {}, b"x")


def functions(case: Case) -> dict[str, Any]:
    """A pair that goes together, mostly."""
    if find_spec("numba") is None:
        return {"cell": case.choice(WRONG), "log_likelihood": case.choice(WRONG)}
    import custom_links as links

    pairs = (
        (links.logistic_cell, links.logistic_value),
        (links.secant_cell, links.secant_value),
        (links.secant_cell.ctypes, links.secant_value.address),
    )
    cell, value = case.choice(pairs)
    if case.chance(0.1):
        cell = case.choice((*WRONG, links.logistic_cell, value, links.secant))
    if case.chance(0.1):
        value = case.choice((*WRONG, links.logistic_value, links.secant))
    return {"cell": cell, "log_likelihood": value}


@entry
def link(case: Case) -> None:
    """A model is made, and fitted under its name or as its row."""
    good = case.choice(("fuzz-link", "fuzz-other"))
    name = good if case.chance(0.8) else case.hostile(good)
    options = {"replace": True} | case.some(
        {
            "title": lambda: case.choice(("A link", "", 3)),
            "scale": lambda: case.choice(("logit", "probit", "elo", None)),
            "source": lambda: case.choice((("Somebody (2026)", "10.1000/1"), "x", (1, 2))),
            "probability": lambda: case.choice((None, lambda d: 0.5 + 0.0 * d, 3)),
            "replace": lambda: case.choice((True, False, 1)),
        },
        0.15,
    )
    row = case.call(vn.Model.custom, name, **functions(case), **options)
    for part in ("unit", "variance_share"):
        case.get(row, part)
    model = row if case.chance(0.5) else row.name
    case.call(vn.models.half_tie_model, model)
    case.call(vn.models.functions_of, row.name)
    case.try_(vn.scales.check, case.choice((None, "elo", row.name)), row.scale)
    prior = {} if case.chance(0.3) else {"prior": vn.GaussianPrior(0.1)}
    if case.chance(0.3):
        g = case.call(vn.GroupedComparisons, **grouped_arguments(case))
        gf = case.call(vn.fit_groups, g, model=model, **prior)
        case.try_(gf.standard_errors)
        return
    c = case.call(vn.Comparisons, **comparison_arguments(case, case.whole(3, 25)))
    fit = case.call(vn.ratings.fit_model, c, model=model, **(fit_options(case) | prior))
    check_fit(case, fit)
    first, second = case.pairs(c.items.tolist(), 3)
    case.finite("a chance", case.call(fit.predict, first, second))
    case.try_(fit.standard_errors)
    case.try_(fit.rescale, case.choice((None, "elo", "probit", row.name)))
    if case.chance(0.3):
        case.call(vn.bootstrap, fit, 5, rng=1)
