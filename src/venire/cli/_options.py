"""Options that several commands have, and how what is typed is read."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from venire.cli._command import Block, Choice, misused, option
from venire.cli._report import CSV, READ
from venire.data.columns import Columns
from venire.priors import GaussianPrior
from venire.streaming._job import MODELS

MODEL, OUT = "Model", "Output"
_FORMATS = ".parquet, .arrow, .csv, .json or .jsonl"
_SIDES = ("first", "second", "tie", "win", "loss", "draw")


# ---- how what is typed is read ------------------------------------------------------------------


def within(holds: Callable[[float], bool], reason: str) -> Callable[[float | None], float | None]:
    """A check of a number that may be left out; NaN holds nothing."""

    def check(value: float | None) -> float | None:
        if value is not None and not holds(value):
            raise typer.BadParameter(reason)
        return value

    return check


POSITIVE = within(lambda x: x > 0.0, "must be > 0")
SHARE = within(lambda x: 0.0 <= x <= 1.0, "must lie between 0 and 1")
INSIDE = within(lambda x: 0.0 < x < 1.0, "must lie between 0 and 1")


def mapping(kind: str, meant: Callable[[str], Any], reason: str) -> Callable[[str], dict[str, Any]]:
    """A reader of ``VALUE=MEANING,...``."""

    def parse(text: str) -> dict[str, Any]:
        out: dict[str, Any] = {}
        for part in text.split(","):
            value, equals, word = (x.strip() for x in part.rpartition("="))
            if not equals or not value or value in out:
                form = f"is not of the form VALUE={kind}"
                problem = "is given twice" if value in out else form
                raise typer.BadParameter(f"{part.strip()!r} {problem}")
            try:
                out[value] = word.lower() if word.lower() in _SIDES else meant(word)
            except ValueError:
                raise typer.BadParameter(f"{word!r} is neither {reason}") from None
        return out

    return parse


def _score(word: str) -> str:
    if not 0.0 <= float(word) <= 1.0:
        raise ValueError
    return word


def _vote(word: str) -> int:
    return {"1": 1, "0": 0, "-1": -1}[word] if word in ("1", "0", "-1") else int("")


def prior_of(text: str) -> GaussianPrior | None:
    """The prior of a precision; none of a word."""
    return None if text in ("auto", "none") else GaussianPrior(float(text))


def _prior(*words: str) -> Callable[[str], str]:
    """A check of a precision, or one of these words."""

    def check(text: str) -> str:
        word = text.strip().lower()
        try:
            if word not in words and not 0.0 < float(word) < math.inf:
                raise ValueError
        except ValueError:
            reason = f"{text!r} is neither {', '.join(words)} nor a precision > 0"
            raise typer.BadParameter(reason) from None
        return word

    return check


# ---- single options -----------------------------------------------------------------------------


def prior(help: str, *words: str) -> Any:
    """The precision of a prior, or one of these words."""
    metavar = "|".join([*words, "FLOAT"])
    return option(help, MODEL, metavar=metavar, callback=_prior(*words))


def threads(panel: str | None = MODEL) -> Any:
    """How many threads."""
    return option("Default: all CPUs.", panel, "--threads", min=1)


def seed(says: str | None, panel: str) -> Any:
    """Of what is random."""
    return option(says, panel, min=0)


def output(says: str) -> Any:
    """The file of a table."""
    return option(f"{says}: {_FORMATS}.", OUT, "-o", "--output", metavar="FILE")


File = Annotated[
    Path,
    typer.Argument(
        metavar="FILE", help="CSV, TSV or JSON lines (also .gz), Parquet, Arrow or Feather."
    ),
    READ,
]
Level = Annotated[float, option("Level of the intervals.", OUT, callback=INSIDE)]
Errors = Annotated[
    bool, option("Leave out the standard errors.", OUT, " /--no-errors", show_default=False)
]
Csv = Annotated[
    Path | None,
    option(f"Write {_FORMATS}. Default: CSV to standard output.", OUT, "-o", "--output",
           metavar="FILE"),
    CSV,
]  # fmt: skip
Json = Annotated[bool, option("Print one JSON document instead.", OUT, "--json")]
Quiet = Annotated[bool, option("Print only warnings.", OUT, "--quiet", "-q")]
VoteMapping = Annotated[
    dict[str, Any] | None,
    option(
        "What the votes mean, as in 1=first,0=second.",
        "Votes (one way)",
        metavar="V=VOTE,...",
        parser=mapping("VOTE", _vote, "first, second nor tie (or 1, -1, 0)"),
    ),
]
Probabilities = Annotated[
    tuple[str, str, str] | None,
    option(
        "Columns of the probabilities that first wins, ties, loses.",
        "Votes (one way)",
        metavar="WIN TIE LOSS",
    ),
]


# ---- blocks -------------------------------------------------------------------------------------


_MAPPING = Annotated[
    dict[str, str] | None,
    option(
        "What the outcomes mean, as in H=1,D=0.5,A=0 or H=first,D=tie,A=second.",
        "Who won (one way)",
        metavar="V=SCORE,...",
        parser=mapping("SCORE", _score, "a score from 0 to 1 nor first, second or tie"),
    ),
]
_WAYS = ("outcome", "score", "first_score", "win")
OneFit = Annotated[Columns, Block(without=("group",), one_of=_WAYS, instead={"mapping": _MAPPING})]
ManyFits = Annotated[
    Columns,
    Block(without=("cluster",), needs=("group",), one_of=_WAYS, instead={"mapping": _MAPPING}),
]


@dataclass(frozen=True, kw_only=True)
class Model:
    """What is fitted."""

    model: Annotated[str, option("The last two model ties.", MODEL), Choice(MODELS)] = MODELS[0]
    order_effect: Annotated[
        bool, option("Fit an advantage of being first.", MODEL, "--order-effect")
    ] = False


@dataclass(frozen=True, kw_only=True)
class Stopping:
    """When a fit is done, and how many threads do it."""

    tol: Annotated[float, option("Largest relative residual.", MODEL, callback=POSITIVE)] = 1e-9
    max_iter: Annotated[int | None, option(None, MODEL, min=1)] = None
    n_threads: Annotated[int | None, threads()] = None


@dataclass(frozen=True, kw_only=True)
class Replicates:
    """A bootstrap."""

    n_resamples: Annotated[
        int | None,
        option("Errors and intervals from N replicates.", MODEL, "--bootstrap", min=2, metavar="N"),
    ] = None
    kind: Annotated[
        Literal["multinomial", "poisson", "bayesian"],
        option("How replicates are drawn.", MODEL, "--bootstrap-kind"),
    ] = "multinomial"
    seed: Annotated[int, seed("Of the bootstrap's draws.", MODEL)] = 0


def check_order(columns: Columns, model: Model) -> None:
    """Refuse an order of which nothing is made."""
    for name in ("order", "neutral"):
        if getattr(columns, name) is not None and not model.order_effect:
            misused(f"--{name}", "says where the order effect applies: add --order-effect")
