"""``venire consensus``: read, combine, report."""

from __future__ import annotations

import json
import math
import sys
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from venire import io
from venire._core.checks import BadTypeError, BadValueError
from venire.cli._progress import progress
from venire.cli._run import Refused
from venire.cli._version import version
from venire.errors import ConvergenceWarning
from venire.panel import agreement as agree
from venire.panel import consensus

if TYPE_CHECKING:
    from venire.panel import Agreement, Consensus

__all__ = ["Options", "Result", "run"]

_MOST_TEACHERS = 2000  # for which all are compared with all


@dataclass(frozen=True)
class Options:
    """What the user asked for."""

    file: Path
    columns: dict[str, Any]
    mapping: dict[str, str | int] | None
    strength: float
    method: str
    use_gold: bool
    converge: bool
    rho: float | None
    threads: int | None
    level: float
    top: int
    pairs: int
    output: Path | None
    teachers: Path | None
    json: bool
    quiet: bool


@dataclass(frozen=True)
class Result:
    """A consensus, its two tables, and what is to be said of it."""

    options: Options
    consensus: Consensus
    agreement: Agreement | None
    pairs: dict[str, NDArray[Any]]
    teachers: dict[str, NDArray[Any]]  # by weight
    facts: dict[str, Any]


def run(options: Options) -> int:
    """Do it; returns the exit code."""
    stderr = Console(stderr=True, highlight=False, soft_wrap=True)
    try:
        for path in (options.output, options.teachers):
            if path is not None:
                io.check_writable(path)
        with progress(stderr, options.quiet) as steps:
            with steps(f"reading {options.file}"):
                found = io.read_votes(
                    options.file,
                    mapping=options.mapping,
                    strength=options.strength,
                    n_threads=options.threads,
                    progress=steps.rows,
                    **options.columns,
                )
            with steps("combining"):
                result = _combine(options, found)
            for path, table in (
                (options.output, result.pairs), (options.teachers, result.teachers)
            ):  # fmt: skip
                if path is not None:
                    with steps(f"writing {path}"):
                        told = {"venire": json.dumps(result.facts)}
                        io.write_table(table, path, metadata=told)
        for notice in result.consensus.warnings:
            stderr.print(f"venire: {notice.text}", markup=False)
        if options.json:
            _print_json(result)
        elif not options.quiet:
            from venire.cli import _report_consensus

            _report_consensus.show(result)
    except (io.DataError, Refused) as error:
        stderr.print(f"venire: {error}", markup=False)
        return getattr(error, "code", 1)
    except MemoryError as error:
        stderr.print(f"venire: not enough memory: {error}", markup=False)
        return 1
    except KeyboardInterrupt:
        stderr.print("venire: interrupted", markup=False)
        return 130
    return 0


def _combine(options: Options, found: io.VotesFile) -> Result:
    votes, gold = found
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # it is among the notices
        try:
            q = consensus(
                votes,
                options.method,
                gold=gold,
                hold_to_gold=options.use_gold,
                rho=options.rho,
                rounds="converge" if options.converge else 1,
                n_threads=options.threads,
            )
        except (BadValueError, BadTypeError) as error:
            raise Refused(f"{options.file}: {error}", 1) from None
    agreement = None
    if votes.n_teachers <= _MOST_TEACHERS:
        agreement = agree(votes, level=options.level)
    pairs = q.to_frame("dict", level=options.level)
    teachers = q.teachers_frame("dict", level=options.level)
    teachers["n_effective"] = _effective(q)
    if agreement is not None and votes.swapped_runs is not None:
        teachers |= {
            "position_bias": agreement.position_bias,
            "position_lower": agreement.position_lower,
            "position_upper": agreement.position_upper,
            "order_flips": agreement.order_flips,
        }
    order = np.argsort(-teachers["share"], kind="stable")
    teachers = {name: np.asarray(column)[order] for name, column in teachers.items()}
    return Result(options, q, agreement, pairs, teachers, _facts(options, q, agreement))


def _effective(q: Consensus) -> NDArray[np.float64]:
    """Mean effective number of votes of the pairs that each teacher judged."""
    votes = q.votes
    n = np.bincount(votes.teacher, minlength=votes.n_teachers)
    with np.errstate(invalid="ignore", divide="ignore"):
        whole = np.bincount(votes.teacher, q.n_effective[votes.pair], minlength=votes.n_teachers)
        return whole / n


def _facts(options: Options, q: Consensus, agreement: Agreement | None) -> dict[str, Any]:
    votes, gold = q.votes, q.gold
    voted = q.n_effective > 0
    facts: dict[str, Any] = {
        "venire": version(),
        "file": str(options.file),
        "method": q.method,
        "n_pairs": q.n_pairs,
        "n_teachers": q.n_teachers,
        "n_votes": votes.n_votes,
        "judges_per_pair": float(np.diff(votes.pair_ptr).mean()),
        "n_effective": _number(q.n_effective[voted].mean() if voted.any() else math.nan),
        "pseudo_votes": _number(q.pseudo_votes[voted].mean() if voted.any() else math.nan),
        "rho": q.rho,
        "rho_source": q.rho_source,
        "disputed": q.disputed,
        "n_rounds": q.n_rounds,
        "converged": q.converged,
        "alpha": None if agreement is None else _number(agreement.alpha),
        "level": options.level,
        "gold": None,
        "warnings": [notice._asdict() for notice in q.warnings],
    }
    if gold is not None:
        facts["gold"] = {
            "n_pairs": gold.n_pairs,
            "panel_accuracy": _number(gold.panel_accuracy),
            "panel_log_loss": _number(gold.panel_log_loss),
            "co_failure": _number(gold.co_failure),
            "mean_correlation": _number(gold.mean_correlation),
        }
    if q.stack is not None:
        facts["stack"] = {"scale": q.stack.scale, "penalty": q.stack.penalty}
    return facts


def _number(x: float) -> float | None:
    return float(x) if math.isfinite(x) else None


def _plain(column: NDArray[Any]) -> list[Any]:
    values = np.asarray(column).tolist()
    return [_number(v) if isinstance(v, float) else v for v in values]


def _records(table: dict[str, NDArray[Any]]) -> list[dict[str, Any]]:
    columns = [_plain(column) for column in table.values()]
    return [dict(zip(table, row, strict=True)) for row in zip(*columns, strict=True)]


def _print_json(result: Result) -> None:
    tables = {"teachers": _records(result.teachers), "pairs": _records(result.pairs)}
    json.dump(result.facts | tables, sys.stdout, ensure_ascii=False, indent=1, allow_nan=False)
    sys.stdout.write("\n")
