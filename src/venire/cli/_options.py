"""Options that several commands have, and how what is typed is read."""

from __future__ import annotations

import math
from collections.abc import Callable
from csv import reader as csv_rows
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

import typer

from venire._core.checks import nearest
from venire._core.remote import local, without_secrets
from venire.cli._command import Refused, argument, block, misused, option
from venire.cli._report import CSV, PICTURE, TABLE, some
from venire.data.columns import Columns, VoteColumns
from venire.data.lookup import typed
from venire.data.meanings import TARGETS
from venire.data.rankings.columns import RankingColumns
from venire.data.recognition import Given
from venire.io import Dialect, Scanner
from venire.models import ALIASES, DEFAULT, MODELS
from venire.priors import EVIDENCE, GaussianPrior
from venire.scales import SCALES, Display

RANKED_TOO = ("weight", "group", "cluster", "skip_missing")  # columns of rankings, too
MODEL, OUT, VOTES, READING = "Model", "Output", "Votes (one way)", "Text files"
JUDGES = "Judges"
_MOST = 20_000  # labels that are looked at for one that is alike
ERRORS = ("fisher", "robust", "none")
INTERVALS = ("wald", "profile", "firth")
_FORMATS = ".csv, .parquet, .arrow, .json, .jsonl; for people .md, .html, .tex"
_SIDES = (*TARGETS, "none", "label")


# ---- how what is typed is read ------------------------------------------------------------------


def within(holds: Callable[[float], bool], reason: str) -> Callable[[float | None], float | None]:
    """A check of a number that may be left out; NaN holds nothing."""

    def check(value: float | None) -> float | None:
        if value is not None and not holds(value):
            raise typer.BadParameter(f"{value:g} {reason}")
        return value

    return check


POSITIVE = within(lambda x: x > 0.0, "must be > 0")
SHARE = within(lambda x: 0.0 <= x <= 1.0, "must lie between 0 and 1")
INSIDE = within(lambda x: 0.0 < x < 1.0, "must lie between 0 and 1")


def listed(of: Callable[[str], Any], kind: str) -> Callable[[str], list[Any]]:
    """A reader of values with commas between them."""

    def parse(text: str) -> list[Any]:
        out = []
        for part in text.split(","):
            try:
                out.append(of(part.strip()))
            except ValueError:
                raise typer.BadParameter(f"{part.strip()!r} is not {kind}") from None
        return out

    return parse


def _mapping(
    meant: Callable[[str], Any], form: str, reason: str, example: str, topic: str
) -> tuple[Any, dict[str, Any]]:
    """How ``VALUE=MEANING,...`` is typed; a value with a comma is quoted as in CSV."""

    def parse(text: str) -> dict[str, Any]:
        out: dict[str, Any] = {}
        for part in next(csv_rows([text], skipinitialspace=True), []):
            value, equals, word = (x.strip() for x in part.rpartition("="))
            if not equals or not value or value in out:
                problem = f'is not of the form VALUE={form} (a value with a comma goes into "")'
                problem = "is given twice" if value in out else problem
                raise typer.BadParameter(f"{part.strip()!r} {problem}")
            try:
                out[value] = word.lower() if word.lower() in _SIDES else meant(word)
            except ValueError:
                raise typer.BadParameter(f"{word!r} is neither {reason}") from None
        return out

    says = f"What values mean that are not known, as in {example}; none leaves rows out."
    more = {"metavar": f"V={form},...", "parser": parse}
    return dict[str, Any] | None, {"says": says, "topic": topic, "more": more}


def _score(word: str) -> str:
    if not 0.0 <= float(word) <= 1.0:
        raise ValueError
    return word


def _vote(word: str) -> int:
    if word not in ("1", "0", "-1"):
        raise ValueError
    return int(word)


SCORES = _mapping(
    _score, "SCORE", "a score from 0 to 1 nor first, second, tie, label or none",
    "H=1,D=0.5,A=0 or H=first,D=tie,A=second", "Who won (one way)",
)  # fmt: skip
MEANINGS = _mapping(
    _vote, "VOTE", "first, second, tie, label nor none (or 1, -1, 0)", "1=first,0=second", VOTES
)
THREE: tuple[Any, dict[str, Any]] = (
    tuple[str, str, str] | None,
    {"more": {"metavar": "WIN TIE LOSS"}},
)


# ---- single options -----------------------------------------------------------------------------


def prior(default: str, says: str, *words: str) -> Any:
    """The precision of a prior, or one of these words; `prior_of` reads it."""
    words = (*words, EVIDENCE)

    def check(text: str) -> str:
        word = text.strip().lower()
        try:
            if word not in words and not 0.0 < float(word) < math.inf:
                raise ValueError
        except ValueError:
            reason = f"{text!r} is neither {', '.join(words)} nor a precision > 0, as in 0.5"
            raise typer.BadParameter(reason) from None
        return word

    says = (
        f"Precision of a normal prior on the log-strengths. {says} evidence: the one that the data "
        "want."
    )
    return option(default, says, MODEL, metavar="|".join([*words, "FLOAT"]), callback=check)


def auto_prior(what: str = "data") -> Any:
    """The precision of a prior where one is taken only if it must be; `what` determines the fit."""
    says = (
        f"auto: none if the {what} determine a fit, else evidence, which is said. none: refuse "
        "instead."
    )
    return prior("auto", says, "auto", "none")


def prior_of(text: str, by: Any = None) -> GaussianPrior | None:
    """The prior of what was typed, or none; `by`: leagues of the items, which ask for one."""
    if by is None and text in ("auto", "none"):
        return None
    return GaussianPrior(EVIDENCE if text in ("auto", EVIDENCE) else float(text), by=by)


def prior_by() -> Any:
    """What league each item is of."""
    says = (
        "A mean of the prior for each league (family, class) of items, by the data. LEAGUES: NAME, "
        "of columns NAME_a and NAME_b; or COLUMN,COLUMN; or a file, whose first column has the "
        "items and whose last one the leagues."
    )
    return option(None, says, MODEL, metavar="LEAGUES")


def threads(topic: str | None = MODEL) -> Any:
    """How many threads."""
    return option(None, "Default: all CPUs.", topic, "--threads", min=1)


def level() -> Any:
    """Of intervals."""
    return option(0.95, "Level of the intervals.", OUT, callback=INSIDE)


def errors(robust: str, fisher: str = "as the model says", default: str = "fisher") -> Any:
    """How standard errors are computed."""
    says = f"fisher: {fisher}. robust: {robust}. none: left out, much faster."
    return option(default, says, OUT, choices=ERRORS)


def interval(default: str | None) -> Any:
    """How bounds are computed."""
    profiles = "profile: by the likelihood and the prior. firth: with Jeffreys' prior instead."
    return option(default, f"wald: by standard errors. {profiles}", OUT, choices=INTERVALS)


def check_interval(word: str | None, errors: str, resampled: bool) -> None:
    """Refuse what does not go with intervals of one kind."""
    if word not in (None, "wald") and resampled:
        misused("--interval", "is of the fit: leave out --bootstrap and --draws")
    if word not in (None, "wald") and errors != "fisher":
        misused("--interval", f"{word} takes no errors: leave out --errors {errors}")


def errors_of(word: str) -> Any:
    """As functions have it."""
    return None if word == "none" else word


def output(says: str, place: Any = TABLE) -> Any:
    """The file of a table."""
    says = says.replace("FORMATS", _FORMATS)
    return option(None, says, OUT, "-o", "--output", place=place)


def csv() -> Any:
    """The same, and without it standard output."""
    return output("Write FORMATS. Default: CSV to standard output.", CSV)


def plot(says: str) -> Any:
    """The file of a picture."""
    return option(None, f"Draw {says}: .png, .svg or .pdf.", OUT, place=PICTURE)


def check_plot(plot: Path | None, errors: str) -> None:
    """Refuse a picture of intervals that are left out."""
    if plot is not None and errors == "none":
        misused("--plot", "draws intervals, and --errors none leaves them out")


def column(default: Any, says: str, topic: str) -> Any:
    """A column of a table that has no dataclass of its own."""
    return option(default, says, topic, metavar="COLUMN")


def json() -> Any:
    """Whether a document is printed."""
    return option(False, "Print one JSON document instead.", OUT)


def quiet() -> Any:
    """Whether nothing else is printed."""
    return option(False, "Print only warnings.", OUT, "--quiet", "-q")


class Anchor(NamedTuple):
    """An item that is said to stand somewhere, as it was typed."""

    item: str
    at: float | None

    @classmethod
    def read(cls, text: str) -> Anchor:
        """ITEM or ITEM=VALUE: what follows the last = is a value if it is a number."""
        item, _, value = text.rpartition("=")
        try:
            at = float(value)
        except ValueError:
            item, at = text, None
        if not item or (at is not None and not math.isfinite(at)):
            raise typer.BadParameter(f"{text!r} is not of the form ITEM or ITEM=VALUE")
        return cls(item, at)


# ---- blocks -------------------------------------------------------------------------------------


def comparisons(**how: Any) -> Any:
    """The columns of comparisons; those that are not given are found."""
    return block(of=Columns, typed={"mapping": SCORES}, **how)


def rankings(*own: str) -> Any:
    """The columns of rankings, which share all but their `own` with those of comparisons."""
    return block(of=RankingColumns, without=tuple(x for x in RANKED_TOO if x not in own))


def votes(**how: Any) -> Any:
    """The columns of votes; those that are not given are found."""
    typed = {
        "vote": (list[str] | None, {}),
        "mapping": MEANINGS,
        "probabilities": THREE,
        "swapped": (str | None, {}),
    }
    return block(of=VoteColumns, typed=typed, **how)


@dataclass(frozen=True, kw_only=True)
class Source:
    """What is read, and how text files in it are written."""

    files: list[str] = argument(
        "FILE...",
        "Files, folders, globs or URLs (s3://, gs://, hf://, https://), read as one table; - is "
        "standard input. CSV and the like, JSON, "
        "Parquet, Arrow, Excel; also .gz, .bz2, .zst, .xz, .zip.",
    )
    delimiter: str | None = option(
        None, "Between fields: a character, or tab. Default: found out.", READING, metavar="CHAR"
    )
    encoding: str | None = option(
        None, "Such as cp1252 or utf-16. Default: found out.", READING, metavar="NAME"
    )
    decimal: str | None = option(
        None, "Of numbers: point or comma. Default: found out.", READING, metavar="SIGN"
    )

    def __post_init__(self) -> None:
        self._dialect()

    def _dialect(self) -> Dialect:
        return Dialect(delimiter=self.delimiter, encoding=self.encoding, decimal=self.decimal)

    def __str__(self) -> str:
        names = ["standard input" if name == "-" else without_secrets(name) for name in self.files]
        return ", ".join(names[:3]) + ", ..." * (len(names) > 3)

    @property
    def inputs(self) -> list[Path]:
        """What may not be written to."""
        return [Path(local(name)) for name in self.files if name != "-"]

    def opened(self) -> Scanner:
        """A scanner of it."""
        return Scanner(self.files[0] if len(self.files) == 1 else self.files, self._dialect())


@dataclass(frozen=True, kw_only=True)
class Model:
    """What is fitted."""

    model: str = option(DEFAULT, "The last two model ties.", MODEL, choices=MODELS, also=ALIASES)
    order_effect: bool = option(False, "Fit an advantage of being first.", MODEL)

    def check(self, columns: Given) -> None:
        """Refuse columns of an order of which nothing is made."""
        for name in ("order", "neutral"):
            if getattr(columns, name) is not None and not self.order_effect:
                misused(f"--{name}", "says where the order effect applies: add --order-effect")


@dataclass(frozen=True, kw_only=True)
class Stopping:
    """When a fit is done, and how many threads do it."""

    tol: float = option(1e-9, "Largest relative residual.", MODEL, callback=POSITIVE)
    max_iter: int | None = option(None, None, MODEL, min=1)
    n_threads: int | None = threads()


@dataclass(frozen=True, kw_only=True)
class Shown:
    """What ratings are shown in."""

    scale: str | None = option(
        None,
        "Unit of ratings, errors and intervals, in tables and files. Default: the model's own, elo "
        "with --anchor.",
        OUT,
        choices=SCALES,
    )
    anchor: Any = option(
        None,
        "The item that stands at VALUE (default: 1000 in elo, else 0); errors and intervals are "
        "of differences from it.",
        OUT,
        metavar="ITEM[=VALUE]",
        parser=Anchor.read,
    )

    @property
    def unit(self) -> str | None:
        """The scale that was asked for."""
        return "elo" if self.scale is None and self.anchor is not None else self.scale

    def among(self, items: Any) -> dict[str, Any]:
        """The arguments of `rescale`, for a fit of these items."""
        if self.anchor is None:
            return {"scale": self.unit}
        label = typed(self.anchor.item, items)
        if label is None:
            near = nearest(self.anchor.item, map(str, items[:_MOST].tolist()))
            more = f"; {near}" if near else f": there are {some(items)}"
            raise Refused(f"--anchor: no item is called {self.anchor.item!r}{more}")
        return {"scale": self.unit, "anchor": label, "at": self.anchor.at}


def anchored(unit: dict[str, Any]) -> str:
    """What is said of an anchor; `unit` are the facts of a display."""
    return f"{Display(**unit).words}; errors and intervals are of differences from it"


@dataclass(frozen=True, kw_only=True)
class Replicates:
    """A bootstrap."""

    n_resamples: int | None = option(
        None, "Errors and intervals from N replicates.", MODEL, "--bootstrap", min=2, metavar="N"
    )
    scheme: Literal["multinomial", "poisson", "bayesian"] = option(
        "multinomial", "How replicates are drawn.", MODEL, "--bootstrap-scheme"
    )
    seed: int = option(0, "Of the replicates, or draws.", MODEL, min=0)


def draws() -> Any:
    """How many draws of the posterior."""
    return option(
        None, "Intervals, the chance to be the best and the expected regret of choosing each item, "
        "from N draws of the normal approximation around the fit.", MODEL, min=2, metavar="N",
    )  # fmt: skip
