"""``venire judges``: judges' votes, how sharp and how biased each judge is, and ratings."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from venire import io
from venire._core.checks import BadTypeError, BadValueError
from venire._core.version import version
from venire.cli import _options as opt
from venire.cli._command import Command, Refused, misused, option
from venire.cli._means import Means
from venire.cli._options import JUDGES, OUT, VOTES, prior_of
from venire.cli._progress import Steps
from venire.cli._report import TABLE, Grid, Picture, Report, cells, number, ranged
from venire.cli._taken import with_taken
from venire.data.columns import VoteColumns
from venire.data.recognition import Given
from venire.errors import ConvergenceWarning, NotIdentifiedError
from venire.io.choosing import chosen_in
from venire.targets import fit_judges

if TYPE_CHECKING:
    from venire.data import Votes
    from venire.targets import JudgesFit

__all__ = ["Judges"]

_OF_CELL, _FIXED = 120, 24 << 20  # bytes that it takes for a judgment, and beside

Tables = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Judges(Command):
    """Fit each judge's sharpness and position bias to its votes, together with the ratings.

    Columns that no option names are found by their names and by what stands in them. Votes of all
    prompts are of the same items; with --group the items of each group have ratings of their own.

    Exit code 0: done; 1: the data (the message names file, row and column); 2: usage.
    """

    job_of = "judges"
    file: opt.Source
    columns: Given = opt.votes(without=("pair", "by"))
    strength: float = option(
        1.0, "Votes that a row of probabilities is worth.", VOTES, callback=opt.POSITIVE
    )
    signed: bool | None = option(
        None,
        "Whether slopes may be negative: a judge who is mostly wrong is turned around. Default: "
        "with --gold.",
        JUDGES,
        "--signed/--unsigned",
    )
    rounds: int = option(2, "How often judges and ratings are fitted in turn.", JUDGES, min=0)
    converge: bool = option(False, "Until nothing moves, for many votes a pair.", JUDGES)
    prior: str = opt.prior("0.1", "none: without.", "none")
    n_threads: int | None = opt.threads()
    means: Means
    level: float = opt.level()
    top: int = option(20, "Judges and items to print.", OUT, min=0)
    output: Path | None = opt.output("Write the table of judges: FORMATS.")
    ratings: Path | None = option(None, "Write the ratings, in the same formats.", OUT, place=TABLE)
    calibration: Path | None = option(
        None,
        "Write how often each judge votes as expected, by how sure that is, in the same formats.",
        OUT,
        place=TABLE,
    )
    plot: Path | None = opt.plot("the judges: slopes and position biases")
    json: bool = opt.json()
    quiet: bool = opt.quiet()

    def __post_init__(self) -> None:
        self.means.only("memory", "workers", "scheduler", "job")
        if self.converge and self.rounds != 2:
            misused("--rounds", "--converge goes on until nothing moves")

    def do(self, steps: Steps) -> Report:
        """Read, fit, and look at the judges."""
        with steps(f"reading {self.file}"):
            votes, gold, taken = steps.work.read(self.file, lambda one: self._read(one, steps))
        self.means.require(_OF_CELL * votes.n_cells + _FIXED, "the fit")
        with steps("fitting"), warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always", ConvergenceWarning)
            try:
                found = fit_judges(
                    votes,
                    prior=prior_of(self.prior),
                    rounds="converge" if self.converge else self.rounds,
                    signed=self.signed,
                    gold=gold,
                    n_threads=self.n_threads,
                )
            except NotIdentifiedError as error:
                raise Refused(f"{self.file}: {error}", instead={"--prior": "0.1"}) from None
            except (BadValueError, BadTypeError) as error:
                raise Refused(f"{self.file}: {error}") from None
        judges = found.to_frame("dict", level=self.level)
        order = np.argsort(-judges["slope"], kind="stable")
        judges = {name: x[order] for name, x in judges.items()}
        ratings = found.fit.to_frame("dict", level=self.level)
        block = ratings.get("group", np.zeros(len(ratings["item"])))
        order = np.lexsort((-ratings["theta"], block))
        ratings = {name: x[order] for name, x in ratings.items()}
        facts = self._facts(votes, found)
        report = Report(
            self._said(facts, judges, ratings),
            [str(w.message) for w in told] + [notice.text for notice in found.warnings],
            facts,
            {"judges": judges, "ratings": ratings},
            {
                "output": judges,
                "ratings": ratings,
                "calibration": self._calibration(found, votes),
                "plot": Picture(found, {"level": self.level}),
            },
        )
        return with_taken(report, self.file, taken)

    def _read(self, scanner: io.Scanner, steps: Steps) -> tuple[Votes, Any, Any]:
        """Votes, gold if it was asked for, and how the file was read."""
        chosen = chosen_in(scanner, VoteColumns, None, self.columns.named)
        unasked = [a for a in ("by", "group", "gold") if getattr(self.columns, a, None) is None]
        own = replace(chosen.columns, **dict.fromkeys(unasked))
        votes, gold = io.read_votes(
            scanner, own, strength=self.strength, n_threads=self.n_threads, progress=steps.rows,
            memory=self.means.memory, as_shown=True, executor=steps.work.executor,
        )  # fmt: skip
        found = tuple(name for name in chosen.found if name not in unasked)
        chosen = chosen._replace(columns=own, found=found)
        return votes, gold, None if votes.taken is None else chosen.said(votes.taken)

    def _calibration(self, found: JudgesFit, votes: Votes) -> Tables:
        if self.calibration is None:
            return {}
        return dict(found.calibration(votes, level=self.level, backend="dict"))

    def _facts(self, votes: Votes, found: JudgesFit) -> dict[str, Any]:
        return {
            "venire": version(),
            "file": str(self.file),
            "n_votes": votes.n_votes,
            "n_judges": len(found.judges),
            "n_pairs": votes.n_pairs,
            "n_items": len(found.items),
            "n_groups": len(votes.groups) if votes.groups is not None else None,
            "prior": None if found.fit.prior is None else found.fit.prior.precision,
            "slope_spread": found.slope_spread,
            "bias_mean": number(found.bias_mean),
            "bias_spread": number(found.bias_spread),
            "signed": found.signed,
            "n_rounds": found.n_rounds,
            "converged": found.converged,
            "log_loss": number(found.log_losses @ found.n_votes / found.n_votes.sum()),
            "plain_log_loss": number(found.plain_log_losses @ found.n_votes / found.n_votes.sum()),
            "level": self.level,
            "warnings": [notice._asdict() for notice in found.warnings],
        }

    def _said(self, f: dict[str, Any], judges: Tables, ratings: Tables) -> list[str | Grid]:
        groups = "" if f["n_groups"] is None else f" in {f['n_groups']:,} groups"
        prior = "" if f["prior"] is None else f", prior GaussianPrior({f['prior']:.4g})"
        spread = f"slopes: mean 1, spread {f['slope_spread']:.2f}"
        if f["bias_mean"] is not None:
            spread += (
                f"; position biases: mean {f['bias_mean']:+.2f}, spread {f['bias_spread']:.2f}"
            )
        said: list[str | Grid] = [
            f"{f['n_votes']:,} votes of {f['n_judges']:,} judges on {f['n_pairs']:,} pairs of "
            f"{f['n_items']:,} items{groups}{prior}",
            spread,
            f"log-loss of a vote {f['log_loss'] or 0:.4f}, were all judges the average one "
            f"{f['plain_log_loss'] or 0:.4f}",
        ]
        if self.top <= 0:
            return said
        said.append(_judge_rows({name: x[: self.top] for name, x in judges.items()}))
        if len(judges["judge"]) > self.top:
            said.append(f"and {len(judges['judge']) - self.top:,} more judges; -o FILE writes all")
        if f["n_groups"] is None:
            said.append(_item_rows({name: x[: self.top] for name, x in ratings.items()}))
        rest = len(ratings["item"]) - (self.top if f["n_groups"] is None else 0)
        if rest > 0:
            more = "more " if f["n_groups"] is None else ""
            said.append(f"{rest:,} {more}items; --ratings FILE writes all")
        if f["bias_mean"] is not None and self.columns.swapped is None:
            said.append("position bias: the first of a row was taken to be shown first (--swapped)")
        return said


def _judge_rows(t: Tables) -> Grid:
    columns = {
        "judge": cells("{}", t["judge"]),
        "votes": cells("{:,.0f}", t["n_votes"]),
        "slope": ranged(t, "slope"),
    }
    if "position_bias" in t:
        columns["position bias"] = ranged(t, "position_bias", form="{:+.2f}")
    columns["log-loss"] = cells("{:.3f}", t["log_loss"])
    columns["as the average"] = cells("{:.3f}", t["plain_log_loss"])
    return Grid(columns, ["judge"], spare=("as the average", "log-loss", "votes"))


def _item_rows(t: Tables) -> Grid:
    columns = {
        "rank": [str(x) if x else "-" for x in np.ma.asarray(t["rank"]).tolist()],
        "item": cells("{}", t["item"]),
        "estimate": cells("{:z.3f}", t["theta"]),
        "SE": cells("{:.3f}", t["standard_error"]),
        "interval": cells("{:z.2f} .. {:z.2f}", t["lower"], t["upper"]),
    }
    return Grid(columns, ["item"])
