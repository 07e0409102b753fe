"""What ``venire consensus`` prints: the teachers by weight, and the pairs to look at."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from venire.cli._run_consensus import Result

__all__ = ["show"]

_WIDE = 160


def show(result: Result) -> None:
    """Print it for people."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=_WIDE)
    for line in _header(result.facts):
        console.print(Text(line))
    if result.options.top > 0:
        console.print(_teachers(result))
    rest = len(result.teachers["teacher"]) - result.options.top
    if rest > 0:
        console.print(Text(f"and {rest:,} more teachers"))
    if result.options.pairs > 0 and result.consensus.n_pairs:
        console.print(Text("least certain pairs:"))
        console.print(_pairs(result))


def _header(f: dict[str, Any]) -> list[str]:
    lines = [
        f"{f['n_votes']:,} votes of {f['n_teachers']:,} teachers on {f['n_pairs']:,} pairs, "
        f"combined by {f['method']}",
        f"per pair: {f['judges_per_pair']:.3g} judges, {_text(f['n_effective'])} effective votes, "
        f"worth {_text(f['pseudo_votes'])} independent ones (errors correlate by "
        f"{f['rho']:.2f}, {f['rho_source']})",
    ]
    alpha = "" if f["alpha"] is None else f"Krippendorff's alpha {f['alpha']:.3f}; "
    lines.append(f"{alpha}the weights change the verdict on {f['disputed']:.1%} of the pairs")
    gold = f["gold"]
    if gold is not None and gold["n_pairs"]:
        lines.append(
            f"gold on {gold['n_pairs']:,} pairs: accuracy {_text(gold['panel_accuracy'])}, "
            f"log-loss {_text(gold['panel_log_loss'])}; no teacher is right on "
            f"{gold['co_failure'] or 0:.1%}"
        )
    return lines


def _text(x: float | None, digits: int = 3) -> str:
    return "-" if x is None else f"{x:.{digits}g}"


def _share(x: float) -> str:
    return "-" if math.isnan(x) else f"{x:.2f}"


def _range(low: float, high: float) -> str:
    return "-" if math.isnan(low) else f"{low:.2f} .. {high:.2f}"


def _teachers(result: Result) -> Table:
    t = result.teachers
    out = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    out.add_column("teacher", overflow="fold")
    heads = ["judged", "weight", "agreement with panel", "self-consistency"]
    heads += ["position bias", "flips"] if "position_bias" in t else []
    heads += ["accuracy"] if "accuracy" in t else []
    heads += ["stacked weight"] if "stacked_weight" in t else []
    for head in heads:
        out.add_column(head, justify="right", no_wrap=True)
    for k in range(min(result.options.top, len(t["teacher"]))):
        row: list[str | Text] = [
            Text(str(t["teacher"][k])),
            f"{t['n_judgments'][k]:,}",
            f"{t['share'][k]:.1%}",
            f"{t['agreement'][k]:.2f} ({_range(t['agreement_lower'][k], t['agreement_upper'][k])})",
            _share(t["self_consistency"][k]),
        ]
        if "position_bias" in t:
            bias = t["position_bias"][k]
            interval = _range(t["position_lower"][k], t["position_upper"][k])
            row.append("-" if math.isnan(bias) else f"{bias:+.2f} ({interval})")
            flips = t["order_flips"][k]
            row.append("-" if math.isnan(flips) else f"{flips:.0%}")
        if "accuracy" in t:
            interval = _range(t["accuracy_lower"][k], t["accuracy_upper"][k])
            row.append(f"{_share(t['accuracy'][k])} ({interval})")
        if "stacked_weight" in t:
            row.append(f"{t['stacked_weight'][k]:+.2f}")
        out.add_row(*row)
    return out


def _pairs(result: Result) -> Table:
    t = result.pairs
    closest = np.argsort(np.abs(t["probability"] - 0.5), kind="stable")[: result.options.pairs]
    names = [n for n in ("pair", "group", "first", "second") if n in t]
    out = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in names:
        out.add_column(name, overflow="fold")
    for head in ("P(first)", f"{result.options.level:.4g} interval", "judges"):
        out.add_column(head, justify="right", no_wrap=True)
    for k in closest.tolist():
        row: list[str | Text] = [Text(str(t[name][k])) for name in names]
        row += [f"{t['probability'][k]:.3f}", _range(t["lower"][k], t["upper"][k])]
        out.add_row(*row, f"{t['n_judges'][k]:,}")
    return out
