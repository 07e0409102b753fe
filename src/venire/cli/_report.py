"""What ``venire fit`` says: the table, the JSON document, the columns of the output file."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TextIO

import numpy as np
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from venire import scales
from venire.cli._version import version

if TYPE_CHECKING:
    from venire.cli._run import Options, Outcome
    from venire.ratings.fit import Fit

__all__ = ["Report", "make"]

_WIDE = 160  # columns of a table that goes into a file or a pipe


@dataclass(frozen=True)
class Report:
    """All that is to be shown or written."""

    options: Options
    fit: Fit
    table: dict[str, np.ndarray]  # best first, the largest component first
    facts: dict[str, Any]
    notes: list[str]

    def metadata(self) -> dict[str, str]:
        """What goes into the schema of a Parquet file."""
        return {"venire": json.dumps(self.facts)}

    def print_json(self, stream: TextIO) -> None:
        """One JSON document: the facts, the notes and all ratings."""
        names = list(self.table)
        columns = [_plain(column) for column in self.table.values()]
        ratings = [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]
        document = self.facts | {"notes": self.notes, "ratings": ratings}
        json.dump(document, stream, ensure_ascii=False, indent=1, allow_nan=False)
        stream.write("\n")

    @property
    def has_errors(self) -> bool:
        """Whether the table has standard errors and intervals."""
        return "standard_error" in self.table

    def print_table(self) -> None:
        """The facts and the top rows, for people."""
        console = Console(highlight=False)
        if not console.is_terminal:
            console = Console(highlight=False, width=_WIDE)
        for line in self._header():
            console.print(Text(line))
        if self.options.top > 0:
            console.print(self._rows())
        more = self._more()
        if more:
            console.print(Text(more))

    def _header(self) -> list[str]:
        f, options = self.facts, self.options
        prior = "" if f["prior"] is None else f", prior GaussianPrior({f['prior']:g})"
        state = "converged" if f["converged"] else "NOT CONVERGED"
        lines = [
            f"{f['model']} by {f['method']}{prior}: {state} after {f['n_iter']} iterations, "
            f"residual {f['residual']:.1e}",
            f"{f['n_comparisons']:,.10g} comparisons of {f['n_items']:,} items in "
            f"{f['n_pairs']:,} pairs, {f['n_components']:,} "
            f"component{'s' if f['n_components'] > 1 else ''}; "
            f"log-likelihood {f['log_likelihood']:.4f}",
        ]
        for name, what in (("order_effect", "order effect"), ("tie", "tie parameter")):
            value = f[name]
            if value is None:
                continue
            text = f"{what} {value['estimate']:.4f}"
            if value["standard_error"] is not None:
                text += f" (SE {value['standard_error']:.4f})"
            elif options.errors and name == "tie":
                text += " (no tie was seen)"
            lines.append(text)
        if f["bootstrap"] is not None:
            b = f["bootstrap"]
            what = "comparisons" if b["cluster"] is None else f"clusters by {b['cluster']}"
            lines.append(
                f"errors and intervals: {b['n_resamples']:,} {b['scheme']} replicates of {what}, "
                f"seed {b['seed']}"
            )
        return lines

    def _rows(self) -> Table:
        shown = {name: column[: self.options.top] for name, column in self.table.items()}
        out = Table(box=box.SIMPLE_HEAD, pad_edge=False)
        factor, centre, digits = _unit(self.fit, self.options.scale)
        several = self.facts["n_components"] > 1
        out.add_column("rank", justify="right")
        out.add_column("item", overflow="fold")
        name = {"elo": "Elo", "logit": "logit"}.get(self.options.scale or "", "estimate")
        out.add_column(name, justify="right", no_wrap=True)
        if self.has_errors:
            out.add_column("SE", justify="right", no_wrap=True)
            out.add_column(f"{self.options.level:.4g} interval", justify="right", no_wrap=True)
        if "rank_lower" in shown:
            out.add_column("rank interval", justify="right", no_wrap=True)
        out.add_column("games", justify="right", no_wrap=True)
        if several:
            out.add_column("component", justify="right")
        for k in range(len(shown["item"])):
            row: list[str | Text] = [
                "-" if shown["rank"][k] is np.ma.masked else str(shown["rank"][k]),
                Text(str(shown["item"][k])),
                f"{centre + factor * shown['theta'][k]:.{digits}f}",
            ]
            if self.has_errors:
                low, high = (centre + factor * shown[x][k] for x in ("lower", "upper"))
                row.append(f"{factor * shown['standard_error'][k]:.{digits}f}")
                row.append(f"{low:.{digits}f} .. {high:.{digits}f}")
            if "rank_lower" in shown:
                best, worst = shown["rank_lower"][k], shown["rank_upper"][k]
                row.append("-" if best is np.ma.masked else f"{best} .. {worst}")
            row.append(f"{shown['n_comparisons'][k]:,.10g}")
            if several:
                row.append(str(shown["component"][k]))
            out.add_row(*row)
        return out

    def _more(self) -> str:
        rest = len(self.table["item"]) - self.options.top
        if rest <= 0:
            return ""
        where = "" if self.options.output is None else f" in {self.options.output}"
        hint = "" if where else "; -o FILE writes all"
        return f"and {rest:,} more{where}{hint}"


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
    columns = fit.to_frame("dict", level=options.level, errors=options.errors)
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
    return float(x) if x is not None and math.isfinite(x) else None


def _plain(column: np.ndarray) -> list[Any]:
    values = column.tolist()
    return [_number(v) for v in values] if column.dtype.kind == "f" else values
