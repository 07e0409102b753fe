"""Options of commands that weigh judges: how, and by what gold."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer

from venire.cli._command import misused, option
from venire.cli._options import JUDGES, POSITIVE, SHARE, VOTES
from venire.cli._report import READ
from venire.io import read_gold
from venire.panel import METHODS

__all__ = ["Weighing"]


def _rho(text: str | None) -> str | None:
    """A share, or the word estimate."""
    if text is None or text.strip().lower() == "estimate":
        return None if text is None else "estimate"
    try:
        SHARE(float(text))
    except ValueError:
        raise typer.BadParameter(f"{text!r} is neither a number nor estimate") from None
    return text


@dataclass(frozen=True, kw_only=True)
class Weighing:
    """What the votes of judges count."""

    strength: float = option(
        1.0, "Votes that a row of probabilities is worth.", VOTES, callback=POSITIVE
    )
    method: str = option(
        "reliability",
        "How judges are weighed. The last one learns from --gold or --gold-file.",
        JUDGES,
        choices=tuple(METHODS),
    )
    use_gold: bool = option(
        False,
        "Hold the votes to the gold, or keep it to judge the judges (default, but for stacked).",
        JUDGES,
        "--use-gold/--keep-gold",
    )
    guarded: bool = option(False, "Of stacked: with 5 to 11 labels, too.", JUDGES)
    gold_file: Path | None = option(
        None, "A file that venire gold wrote and people filled in, in place of --gold.", JUDGES,
        place=READ,
    )  # fmt: skip
    rho: str | None = option(
        None,
        "Correlation of the judges' errors, or estimate: from the votes. Default: from gold, else "
        "0.3.",
        JUDGES, metavar="FLOAT|estimate", callback=_rho,
    )  # fmt: skip

    def check(self, gold: Any) -> None:
        """Refuse what needs gold where there is none."""
        if self.guarded and self.method != "stacked":
            misused("--guarded", "goes with --method stacked")
        if gold is not None or self.gold_file is not None:
            return
        if self.method == "stacked":
            misused("--method stacked", "learns from --gold or --gold-file")
        if self.use_gold:
            misused("--use-gold", "needs --gold or --gold-file")

    def known(self, votes: Any, gold: Any) -> Any:
        """The gold that is used: that of the file of labels, if there is one."""
        self.check(gold)
        return gold if self.gold_file is None else read_gold(self.gold_file, votes)

    @property
    def how(self) -> dict[str, Any]:
        """The arguments of `consensus`."""
        held = self.use_gold or self.method == "stacked"
        rho = self.rho if self.rho in (None, "estimate") else float(str(self.rho))
        more = {"guarded": True} if self.guarded else {}
        return {"method": self.method, "hold_to_gold": held, "rho": rho, **more}
