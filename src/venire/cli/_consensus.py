"""``venire consensus``: teachers' votes, one probability for each pair."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from venire import io
from venire._core.checks import BadTypeError, BadValueError
from venire._core.version import version
from venire.cli import _options as opt
from venire.cli._command import Command, Refused, option
from venire.cli._means import Means
from venire.cli._options import JUDGES, OUT
from venire.cli._progress import Steps
from venire.cli._ranked import ranked_votes
from venire.cli._report import (
    COUNTED,
    TABLE,
    Grid,
    Picture,
    Report,
    cells,
    measured,
    number,
    ranged,
)
from venire.cli._taken import with_taken
from venire.cli._weighing import Weighing
from venire.data.rankings.columns import GivenRankings
from venire.data.recognition import Given
from venire.errors import ConvergenceWarning
from venire.panel import agreement as agree
from venire.panel import consensus

if TYPE_CHECKING:
    from venire.panel import Agreement
    from venire.panel import Consensus as Combined

__all__ = ["Consensus"]

_FIXED = 24 << 20  # bytes that combining takes beside those for judgments and pairs
_MOST_TEACHERS = 2000  # for which all are compared with all

Tables = dict[str, NDArray[Any]]


@dataclass(frozen=True, kw_only=True)
class Consensus(Command):
    """Combine teachers' votes into one probability for each pair, and say whom to believe.

    Columns that no option names are found by their names and by what stands in them.

    Exit code 0: done; 1: the data (the message names file, row and column); 2: usage.
    """

    job_of = "consensus"
    file: opt.Source
    columns: Given = opt.votes(without=("by",))
    rankings: GivenRankings = opt.rankings()
    weighing: Weighing
    converge: bool = option(False, "Weigh until nothing moves, not once.", JUDGES)
    n_threads: int | None = opt.threads(JUDGES)
    means: Means
    level: float = opt.level()
    top: int = option(100, "Teachers to print.", OUT, min=0)
    pairs: int = option(5, "Least certain pairs to print.", OUT, min=0)
    output: Path | None = opt.output("Write the table of pairs: FORMATS.")
    teachers: Path | None = option(
        None, "Write the table of teachers, in the same formats.", OUT, place=TABLE
    )
    plot: Path | None = opt.plot("the teachers: reliability, position bias, who is like whom")
    json: bool = opt.json()
    quiet: bool = opt.quiet()

    def __post_init__(self) -> None:
        known = () if self.rankings else ("memory", "workers", "scheduler", "job")
        self.means.only(*known)
        if self.columns.is_complete:
            self.weighing.check(self.columns.gold)

    def do(self, steps: Steps) -> Report:
        """Read, combine, and look at the teachers."""
        with steps(f"reading {self.file}"):
            how: dict[str, Any] = {"n_threads": self.n_threads, "progress": steps.rows}
            if self.rankings:
                scanner = self.file.opened()
                votes, gold = ranked_votes(scanner, self.columns, self.rankings, **how), None
            else:
                how |= {"strength": self.weighing.strength, "memory": self.means.memory}
                how |= {"executor": steps.work.executor, **self.columns.named}
                votes, gold = steps.work.read(self.file, lambda one: io.read_votes(one, **how))
        gold = self.weighing.known(votes, gold)
        self.means.require(12 * votes.n_cells + 200 * votes.n_pairs + _FIXED, "combining them")
        with steps("combining"), warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # it is among the notices
            try:
                q = consensus(
                    votes,
                    gold=gold,
                    **self.weighing.how,
                    rounds="converge" if self.converge else 1,
                    n_threads=self.n_threads,
                )
            except (BadValueError, BadTypeError) as error:
                raise Refused(f"{self.file}: {error}") from None
            agreement = None
            if votes.n_teachers <= _MOST_TEACHERS:
                agreement = agree(votes, level=self.level)
            pairs = q.to_frame("dict", level=self.level)
            teachers = self._teachers(q, agreement)
        facts = self._facts(q, agreement)
        report = Report(
            self._said(facts, teachers, pairs),
            [notice.text for notice in q.warnings],
            facts,
            {"teachers": teachers, "pairs": pairs},
            {
                "output": pairs,
                "teachers": teachers,
                "plot": Picture(q, {"level": self.level}),
            },
        )
        return with_taken(report, self.file, votes.taken)

    def _teachers(self, q: Combined, agreement: Agreement | None) -> Tables:
        """The teachers by weight."""
        votes = q.votes
        teachers = q.teachers_frame("dict", level=self.level)
        n = np.bincount(votes.teacher, minlength=votes.n_teachers)
        whole = np.bincount(votes.teacher, q.n_effective[votes.pair], minlength=votes.n_teachers)
        with np.errstate(invalid="ignore", divide="ignore"):
            teachers["n_effective"] = whole / n  # mean over the pairs that each judged
        if agreement is not None and votes.swapped_runs is not None:
            for name in ("position_bias", "position_lower", "position_upper", "order_flips"):
                teachers[name] = getattr(agreement, name)
        order = np.argsort(-teachers["share"], kind="stable")
        return {name: np.asarray(column)[order] for name, column in teachers.items()}

    def _facts(self, q: Combined, agreement: Agreement | None) -> dict[str, Any]:
        votes, gold = q.votes, q.gold
        voted = q.n_effective > 0
        facts: dict[str, Any] = {
            "venire": version(),
            "file": str(self.file),
            "method": q.method,
            "n_pairs": q.n_pairs,
            "n_teachers": q.n_teachers,
            "n_votes": votes.n_votes,
            "judges_per_pair": float(np.diff(votes.pair_ptr).mean()),
            "n_effective": number(q.n_effective[voted].mean()) if voted.any() else None,
            "pseudo_votes": number(q.pseudo_votes[voted].mean()) if voted.any() else None,
            "rho": q.rho,
            "rho_source": q.rho_source,
            "disputed": q.disputed,
            "n_rounds": q.n_rounds,
            "converged": q.converged,
            "alpha": None if agreement is None else number(agreement.alpha),
            "level": self.level,
            "gold": None,
            "warnings": [notice._asdict() for notice in q.warnings],
        }
        if gold is not None:
            names = ("panel_accuracy", "panel_log_loss", "co_failure", "mean_correlation")
            known = {name: number(getattr(gold, name)) for name in names}
            facts["gold"] = {"n_pairs": gold.n_pairs, **known}
        if q.stack is not None:
            facts["stack"] = {"scale": q.stack.scale, "penalty": q.stack.penalty}
        return facts

    def _said(self, facts: dict[str, Any], teachers: Tables, pairs: Tables) -> list[str | Grid]:
        said: list[str | Grid] = [*_header(facts)]
        if self.top > 0:
            said.append(_teacher_rows(_first(teachers, self.top)))
        rest = len(teachers["teacher"]) - self.top
        if rest > 0:
            said.append(f"and {rest:,} more teachers")
        if self.pairs > 0 and facts["n_pairs"]:
            closest = np.argsort(np.abs(pairs["probability"] - 0.5), kind="stable")
            shown = {name: column[closest[: self.pairs]] for name, column in pairs.items()}
            said += ["least certain pairs:", _pair_rows(shown, self.level)]
        return said


def _first(table: Tables, n: int) -> Tables:
    return {name: column[:n] for name, column in table.items()}


def _header(f: dict[str, Any]) -> list[str]:
    lines = [
        f"{f['n_votes']:,} votes of {f['n_teachers']:,} teachers on {f['n_pairs']:,} pairs, "
        f"combined by {f['method']}",
        f"per pair: {f['judges_per_pair']:.3g} judges, {_text(f['n_effective'])} effective votes, "
        f"worth {_text(f['pseudo_votes'])} independent ones (errors correlate by "
        f"{f['rho']:.2f}, {f['rho_source']})",
    ]
    alpha = "" if f["alpha"] is None else f"Krippendorff's alpha {f['alpha']:.3f}; "
    lines.append(
        f"{alpha}equal and weighted votes take different sides on {f['disputed']:.1%} of the pairs"
    )
    gold = f["gold"]
    if gold is not None and gold["n_pairs"]:
        lines.append(
            f"gold on {gold['n_pairs']:,} pairs: accuracy {_text(gold['panel_accuracy'])}, "
            f"log-loss {_text(gold['panel_log_loss'])}; no teacher is right on "
            f"{gold['co_failure'] or 0:.1%}"
        )
    return lines


def _text(x: float | None) -> str:
    return "-" if x is None else f"{x:.3g}"


def _teacher_rows(t: Tables) -> Grid:
    columns = {
        "teacher": cells("{}", t["teacher"]),
        "judged": cells("{:,}", t["n_judgments"]),
        "weight": cells("{:.1%}", t["share"]),
        "agreement with panel": ranged(t, "agreement"),
        "self-consistency": cells("{:.2f}", t["self_consistency"]),
    }
    if "position_bias" in t:
        columns["position bias"] = ranged(t, "position_bias", "position", "{:+.2f}")
        columns["flips"] = cells("{:.0%}", t["order_flips"])
    if "accuracy" in t:
        columns |= measured(t)
    if "stacked_weight" in t:
        columns["stacked weight"] = cells("{:+.2f}", t["stacked_weight"])
    return Grid(columns, ["teacher"], spare=("self-consistency", "by the model", COUNTED))


def _pair_rows(t: Tables, level: float) -> Grid:
    names = [name for name in ("pair", "group", "first", "second") if name in t]
    columns = {name: cells("{}", t[name]) for name in names} | {
        "P(first)": cells("{:.3f}", t["probability"]),
        f"{level:.4g} interval": cells("{:.2f} .. {:.2f}", t["lower"], t["upper"]),
        "judges": cells("{:,}", t["n_judges"]),
    }
    return Grid(columns, names)
