"""What a command says when it is done, and where it goes: text, JSON, tables and pictures."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from venire import io
from venire._core import disk
from venire.io import tables_out

__all__ = ["CSV", "FILE", "PICTURE", "READ", "TABLE", "Place", "Report", "grid", "number"]

_WIDE = 160  # columns of a table that goes into a file or a pipe
_PICTURES = (".png", ".svg", ".pdf")

Columns = Mapping[str, Any]


@dataclass(frozen=True)
class Report:
    """What came of a command.

    Parameters
    ----------
    said : sequence of str and Table
        For people.
    notes : sequence of str
        What they should know, for standard error.
    facts : mapping
        Of the JSON document, and of the metadata of files.
    tables : mapping of str to columns
        Of the JSON document, where they are lists of records.
    files : mapping
        What the options that name outputs get: columns, or what the place of the option writes.
    failure : str
        Why the exit code is 1 all the same.
    """

    said: Sequence[str | Table] = ()
    notes: Sequence[str] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    tables: Mapping[str, Columns] = field(default_factory=dict)
    files: Mapping[str, Any] = field(default_factory=dict)
    failure: str = ""

    def print_text(self, *, stderr: bool) -> None:
        """For people; to standard error where standard output is taken."""
        console = Console(stderr=stderr, highlight=False)
        if not console.is_terminal:
            console = Console(stderr=stderr, highlight=False, width=_WIDE)
        for part in self.said:
            console.print(part, markup=False, soft_wrap=isinstance(part, str))

    def print_json(self, notes: Sequence[str]) -> None:
        """One document: the facts, the notes and the tables."""
        tables = {name: tables_out.records(table) for name, table in self.tables.items()}
        document = {**self.facts, "notes": list(notes), **tables}
        json.dump(document, sys.stdout, ensure_ascii=False, indent=1, allow_nan=False)
        sys.stdout.write("\n")


<<<<<<< HEAD
def make(options: Options, outcome: Outcome) -> Report:
    """Compute what is to be said."""
    component, sizes = _components(outcome.fit)
    table, notes = _table(options, outcome, component), list(outcome.notes)
    if len(sizes) > 1:
        notes.append(_component_note(outcome, component, sizes))
    return Report(options, outcome.fit, table, _facts(options, outcome, sizes), notes)


def _components(fit: Fit) -> tuple[np.ndarray, np.ndarray]:
    """Component of each item, numbered from the largest (0) down, and the sizes."""
    labels = np.asarray(fit.component)
    if fit.prior is not None:
        labels = fit.comparisons.components("weak").labels
    sizes = np.bincount(labels)
    by_size = np.argsort(-sizes, kind="stable")
    rank = np.empty_like(by_size)
    rank[by_size] = np.arange(len(by_size))
    return rank[labels], sizes[by_size]


def _table(options: Options, outcome: Outcome, component: np.ndarray) -> dict[str, np.ndarray]:
    """All items, best first: those with a rank, and the largest component, before the others."""
    fit, determined = outcome.fit, outcome.determined
    columns = fit.to_frame("dict", level=options.level, errors="fisher" if options.errors else None)
    columns["component"] = component
    if outcome.bootstrap is not None:
        interval = outcome.bootstrap.interval(options.level)
        columns["standard_error"] = outcome.bootstrap.standard_errors()
        columns["lower"], columns["upper"] = interval.T
    factor, centre, _ = _unit(fit, options.scale)
    if options.scale is not None:
        columns[options.scale] = centre + factor * fit.theta
    block = component if fit.prior is None else np.zeros_like(component)
    if determined is not None:
        columns["determined"] = determined
        block = (~determined).astype(np.int8)
    if outcome.bootstrap is not None:
        ranks = outcome.bootstrap.rank_interval(options.level, group=block)
        columns["rank_lower"], columns["rank_upper"] = ranks.T
    order = np.lexsort((np.arange(len(block)), -fit.theta, block))
    table = {name: np.asarray(column)[order] for name, column in columns.items()}
    table["rank"] = _ranks(table["theta"], block[order])
    if determined is not None:
        for name in ("rank", "rank_lower", "rank_upper"):
            if name in table:
                table[name] = np.ma.masked_array(table[name], ~table["determined"])
    return table


def _ranks(theta: np.ndarray, block: np.ndarray) -> np.ndarray:
    """Rank within the block, of rows sorted so; equals share the better one."""
    place = np.arange(len(theta))
    new = np.ones(len(theta), bool)
    new[1:] = block[1:] != block[:-1]
    start = np.maximum.accumulate(np.where(new, place, 0))
    new[1:] |= theta[1:] != theta[:-1]
    return np.maximum.accumulate(np.where(new, place, 0)) - start + 1


def _component_note(outcome: Outcome, component: np.ndarray, sizes: np.ndarray) -> str:
    fit = outcome.fit
    small = np.flatnonzero(component > 0)
    names = ", ".join(str(x) for x in fit.items[small[:5]]) + (", ..." if len(small) > 5 else "")
    how = "never met each other" if fit.prior is not None else "cannot be compared with each other"
    text = (
        f"the items form {len(sizes):,} components that {how}: {sizes[0]:,} items in the largest, "
        f"{len(small):,} outside it ({names}); column 'component' says who belongs where."
    )
    if fit.prior is None:
        return text + " Each is rated, and ranked, by itself."
    return text + " Only the prior puts them on one scale."


def _unit(fit: Fit, scale: str | None) -> tuple[float, float, int]:
    """Factor, centre and decimals that turn theta into the unit of the table."""
    if scale is None:
        return 1.0, 0.0, 4
    own = scales.scale_of(fit.model)
    centre = float(scales.convert(0.0, own, scale))
    return scales.factor(own, scale), centre, 1 if scale == "elo" else 4


def _facts(options: Options, outcome: Outcome, sizes: np.ndarray) -> dict[str, Any]:
    fit = outcome.fit
    own: Any = fit.parameter_errors() if options.errors else None
    return {
        "venire": version(),
        "file": str(options.file),
        "model": fit.model,
        "method": fit.method,
        "prior": None if fit.prior is None else fit.prior.precision,
        "prior_reason": outcome.prior_reason or None,
        "n_comparisons": fit.n_comparisons,
        "n_items": len(fit.items),
        "n_pairs": fit.comparisons.n_pairs,
        "n_components": len(sizes),
        "component_sizes": sizes[:1000].tolist(),
        "converged": bool(fit.converged),
        "n_iter": int(fit.n_iter),
        "residual": _number(fit.residual),
        "log_likelihood": _number(fit.log_likelihood),
        "order_effect": _parameter(fit.order_effect, own and own.order_effect),
        "tie": _parameter(fit.tie, own and own.tie),
        "level": options.level if options.errors or outcome.bootstrap is not None else None,
        "bootstrap": _bootstrap(options, outcome),
    }


def _bootstrap(options: Options, outcome: Outcome) -> dict[str, Any] | None:
    b = outcome.bootstrap
    if b is None:
        return None
    return {
        "scheme": b.scheme,
        "n_resamples": b.n_resamples,
        "n_failed": b.n_failed,
        "seed": options.seed,
        "cluster": options.columns.get("cluster"),
    }


def _parameter(estimate: float | None, error: float | None) -> dict[str, float | None] | None:
    if estimate is None:
        return None
    return {"estimate": float(estimate), "standard_error": _number(error)}


def _number(x: float | None) -> float | None:
=======
def number(x: float | None) -> float | None:
    """A number for JSON."""
>>>>>>> 8d8caa09b6e3d8c451ca0070ea0b544525498fe5
    return float(x) if x is not None and math.isfinite(x) else None


def grid(
    columns: Mapping[str, Sequence[str]], labels: Sequence[str] = (), sections: int = 0
) -> Table:
    """A table for people: columns of text under their heads; `labels` may be folded.

    A line is drawn after each so many rows.
    """
    out = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for head in columns:
        if head in labels:
            out.add_column(head, overflow="fold")
        else:
            out.add_column(head, justify="right", no_wrap=True)
    for at, row in enumerate(zip(*columns.values(), strict=True), 1):
        out.add_row(*(Text(cell) for cell in row), end_section=sections > 0 and at % sections == 0)
    return out


# ---- places -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Place:
    """What an option that names a file stands for.

    Parameters
    ----------
    check : callable
        Refuses a path that could not be written.
    write : callable
        Writes what the report has for it, whole or not at all; gets the facts, too.
    read : bool
        The file is an input.
    stdout : bool
        Without the option standard output gets the table.
    """

    check: Callable[[Path], None] = lambda path: None
    write: Callable[[Any, Path, Mapping[str, Any]], None] = lambda what, path, facts: None
    read: bool = False
    stdout: bool = False

    def write_here(self, table: Columns) -> None:
        """Write to standard output, if that is where it goes."""
        if self.stdout:
            sys.stdout.flush()
            io.write_table(table, sys.stdout.buffer)


def _write_table(table: Columns, path: Path, facts: Mapping[str, Any]) -> None:
    io.write_table(table, path, metadata={"venire": json.dumps(facts)} if facts else None)


def _check_file(path: Path) -> None:
    with tables_out.about(path):
        disk.check_writable(path)


def _write_file(write: Callable[[str], None], path: Path, facts: Mapping[str, Any]) -> None:
    with tables_out.about(path), disk.whole(path) as part:
        write(part)


def _check_picture(path: Path) -> None:
    if path.suffix.lower() not in _PICTURES:
        raise io.DataError(path, "the name of a picture must end in .png, .svg or .pdf")
    _check_file(path)
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        raise ImportError("--plot needs matplotlib: pip install 'venire[plot]'") from None


def _write_picture(axes: Any, path: Path, facts: Mapping[str, Any]) -> None:
    ending = path.suffix[1:].lower()
    _write_file(lambda part: axes.figure.savefig(part, dpi=200, format=ending), path, facts)


READ = Place(read=True)
TABLE = Place(io.check_writable, _write_table)
CSV = Place(io.check_writable, _write_table, stdout=True)
PICTURE = Place(_check_picture, _write_picture)
FILE = Place(_check_file, _write_file)
