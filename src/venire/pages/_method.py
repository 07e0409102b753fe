"""What a page says of how its numbers came about, and where to read on."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from venire._core.shown import visible
from venire.models import model_of
from venire.panel import Consensus
from venire.ratings import Fit, GroupedFit
from venire.resampling import Bootstrap, PosteriorDraws
from venire.targets import Rated

__all__ = ["Method", "Source", "method_of", "shell", "versions"]


class Source(NamedTuple):
    """Something to read, and its DOI."""

    text: str
    doi: str


class Method(NamedTuple):
    """Paragraphs, and what they rest on."""

    texts: list[str]
    sources: list[Source]


FORD = Source(
    "L. Ford (1957): Solution of a ranking problem from binary comparisons.", "10.2307/2308513"
)
WHITE = Source(
    "H. White (1982): Maximum likelihood estimation of misspecified models.", "10.2307/1912526"
)
EFRON = Source(
    "B. Efron (1979): Bootstrap methods: another look at the jackknife.", "10.1214/aos/1176344552"
)
RUBIN = Source("D. Rubin (1981): The Bayesian bootstrap.", "10.1214/aos/1176345338")
CLUSTERED = Source(
    "J. MacKinnon, M. Nielsen, M. Webb (2023): Fast and reliable jackknife and bootstrap methods "
    "for cluster-robust inference.", "10.1002/jae.2969"
)  # fmt: skip
KISH = Source("L. Kish (1965): Survey Sampling. Wiley.", "")
STACKED = Source("D. Wolpert (1992): Stacked generalization.", "10.1016/S0893-6080(05)80023-1")


def method_of(result: Any, errors: str | None, level: float) -> Method:
    """Of one result."""
    texts, sources = [], []
    for text, found in _said(result, errors, level):
        texts.append(text)
        sources += [s for s in found if s not in sources]
    return Method(texts, sources)


def _said(result: Any, errors: str | None, level: float) -> Iterator[tuple[str, list[Source]]]:
    rated = result if isinstance(result, Rated) else None
    panel = result if isinstance(result, Consensus) else getattr(rated, "consensus", None)
    if panel is not None:
        yield _of_panel(panel)
    if isinstance(result, Consensus):
        return
    fit = result if isinstance(result, (Fit, GroupedFit)) else result.fit
    yield _of_model(fit)
    yield _of_existence(fit)
    if isinstance(result, Bootstrap):
        yield _of_replicates(result, level)
    elif isinstance(result, PosteriorDraws):
        yield (
            f"Errors, intervals and rank intervals at the level {100 * level:g} % are from "
            f"{result.n_resamples:,} draws of the normal approximation around the fit.",
            [],
        )
    elif errors is not None:
        yield _of_errors(errors, level, by_prompt=rated is not None)
    if not isinstance(fit, GroupedFit):
        yield (
            "Details of an item: its share of the points against each opponent (a tie is half a "
            "point), what the ratings expect, and the residual: points less those expected, over "
            "their standard deviation by the model. Beyond 3 it is worth a look.",
            [],
        )


def _of_panel(q: Consensus) -> tuple[str, list[Source]]:
    sources = [KISH, STACKED] if q.stack is not None else [KISH]
    return (
        f"The votes of {q.n_teachers:,} judges on {q.n_pairs:,} pairs were combined by the method "
        f"“{q.method}”. What several votes on a pair are worth together allows for a correlation "
        f"of the judges' errors of {q.rho:.2f} ({q.rho_source}).",
        sources,
    )


def _of_model(fit: Fit | GroupedFit) -> tuple[str, list[Source]]:
    row = model_of(fit.model)
    if _counted(fit) == "rankings":
        ties = "Items that share a place are each chosen from what is left with all of them."
    elif row.tie is None:
        ties = "A tie counts as half a win to each side."
    else:
        ties = f"Ties are outcomes of their own, with one parameter ({row.tie.symbol})."
    order = "" if fit.order_effect is None else " An advantage of being first is part of the model."
    if isinstance(fit, Fit) and fit.covariate_names:
        names = " and ".join(map(visible, fit.covariate_names))
        order += f" Ratings are at equal {names}, covariates whose coefficients are fitted, too."
    how = (
        "maximum likelihood, without a prior"
        if fit.prior is None
        else f"the mode of the likelihood with a {fit.prior.describe()} on the ratings"
    )
    unit = visible(fit.display.words)
    text = f"Model: {row.title}. {ties}{order} Estimates are {how}, shown on the scale {unit}."
    return text, [Source(*row.source)] if all(row.source) else []


def _counted(fit: Fit | GroupedFit) -> str:
    return "comparisons" if isinstance(fit, GroupedFit) else fit.counted


def _of_existence(fit: Fit | GroupedFit) -> tuple[str, list[Source]]:
    return (
        f"Before fitting it is decided whether the {_counted(fit)} determine a finite, unique fit. "
        "An item that they do not place among the others has no rank here.",
        [FORD],
    )


def _of_errors(errors: str, level: float, *, by_prompt: bool) -> tuple[str, list[Source]]:
    about = f"Intervals are Wald intervals at the level {100 * level:g} %. "
    if errors == "robust" and by_prompt:
        text = "Errors are clustered by prompt: of what the same judges would say on other prompts."
        return about + text, [CLUSTERED]
    if errors == "robust":
        text = "Errors are robust (the sandwich): they hold where the model is wrong, too."
        return about + text, [WHITE]
    return f"{about}Errors are those of the Fisher information: as if the model were right.", []


def _of_replicates(b: Bootstrap, level: float) -> tuple[str, list[Source]]:
    return (
        f"Errors, intervals and rank intervals at the level {100 * level:g} % are from "
        f"{b.n_resamples - b.n_failed - b.n_unconverged:,} {b.scheme} replicates (percentiles).",
        [RUBIN if b.scheme == "bayesian" else EFRON],
    )


def versions(config: Mapping[str, Mapping[str, Any]]) -> str:
    """Of what computed the page; `config` as of `venire.show_config`."""
    packages, run = config["packages"], config["run"]
    numbers = ", ".join(f"{name} {packages[name]}" for name in ("numpy", "scipy"))
    return f"Python {run['python']}, {numbers}, {run['machine']}"


def shell(words: Sequence[str]) -> str:
    """What was typed, as it may be typed again."""
    return visible(shlex.join(words))
