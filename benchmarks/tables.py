"""Numbers and tables as the report writes them."""

from __future__ import annotations

MIB = 2**20


def seconds(value: float) -> str:
    """Three significant digits, without an exponent."""
    return f"{value:.4f}" if value < 0.01 else f"{value:.3g}" if value < 100 else f"{value:.0f}"


def table(head: list[str], body: list[list[str]]) -> str:
    """A Markdown table, the first column to the left and the others to the right."""
    rule = [":--", *["--:"] * (len(head) - 1)]
    return "\n".join("| " + " | ".join(row) + " |" for row in [head, rule, *body])
