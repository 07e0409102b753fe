"""``venire gold``: which pairs to label, and what their labels say."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from venire import io
from venire._core.checks import BadTypeError, BadValueError
from venire._core.version import version
from venire.cli import _options as opt
from venire.cli._command import Command, Refused, misused, option
from venire.cli._means import Means
from venire.cli._options import OUT
from venire.cli._progress import Steps
from venire.cli._report import READ, Grid, Report, cells, measured, number
from venire.cli._taken import with_taken
from venire.data.columns import VoteColumns
from venire.data.recognition import Given
from venire.data.votes import Votes
from venire.data.votes.gold import PURPOSES
from venire.errors import ConvergenceWarning
from venire.io.choosing import chosen_in
from venire.panel import Consensus, GoldDesign, consensus, design_gold

__all__ = ["Gold"]

LABELS = "Labels"
FEWEST, FEW, ENOUGH = 5, 12, 30  # labels that teach weights: guarded, without; and to measure rho
NEEDED = {"stack": 12, "side": 8, "measure": 30}

Facts = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Gold(Command):
    """Say which pairs to label by hand; then, with --labels, what the labels say.

    Columns that no option names are found by their names and by what stands in them.

    Exit code 0: done; 1: the data (the message names file, row and column); 2: usage.
    """

    file: opt.Source
    columns: Given = opt.votes(without=("by", "gold"))
    purpose: str = option(
        "stack",
        "What the labels are for. stack: to teach whom to believe. side: to find out who is right "
        "where the panel is in two minds. measure: to measure judges; these serve for all.",
        LABELS,
        choices=tuple(PURPOSES),
    )
    n: int | None = option(
        None, "Pairs. Default: 12 for stack, 8 for side, 30 for measure.", LABELS, "-n", "--number",
        min=1,
    )  # fmt: skip
    stratified: bool = option(
        False, "Of measure: evenly over how sure the panel is, each with the same chance.", LABELS
    )
    seed: int = option(0, "Of the choice.", LABELS, min=0)
    labels: Path | None = option(
        None, "The file that -o wrote, filled in: say what it says.", LABELS, place=READ
    )
    strength: float = option(
        1.0, "Votes that a row of probabilities is worth.", opt.VOTES, callback=opt.POSITIVE
    )
    means: Means
    n_threads: int | None = opt.threads(LABELS)
    level: float = opt.level()
    top: int = option(20, "Pairs or judges to print.", OUT, min=0)
    output: Path | None = opt.output("Write the pairs with an empty column gold: FORMATS.")
    json: bool = opt.json()
    quiet: bool = opt.quiet()

    def __post_init__(self) -> None:
        self.means.only("memory")
        if self.stratified and self.purpose != "measure":
            misused("--stratified", "goes with --purpose measure")
        if self.labels is not None and self.output is not None:
            misused("--output", "has the pairs to label; venire consensus --gold-file reads labels")

    def do(self, steps: Steps) -> Report:
        """Choose pairs, or read labels."""
        with steps(f"reading {self.file}"):
            scanner = self.file.opened()
            chosen = chosen_in(scanner, VoteColumns, None, self.columns.named)
            found = tuple(name for name in chosen.found if name != "gold")
            chosen = chosen._replace(columns=replace(chosen.columns, gold=None), found=found)
            votes, _ = io.read_votes(
                scanner, chosen.columns, strength=self.strength, memory=self.means.memory,
                n_threads=self.n_threads, progress=steps.rows,
            )  # fmt: skip
        try:
            report = self._chosen(votes) if self.labels is None else self._told(votes, steps)
        except (BadValueError, BadTypeError) as error:
            raise Refused(f"{self.file}: {error}") from None
        return with_taken(report, self.file, votes.taken and chosen.said(votes.taken))

    # ---- which pairs ------------------------------------------------------------------------

    def _chosen(self, votes: Votes) -> Report:
        n = NEEDED[self.purpose] if self.n is None else self.n
        if self.n is None and self.purpose == "side":  # all there are
            n = max(min(n, design_gold(votes, 1, "measure").n_disputed), 1)
        design = design_gold(
            votes, n, self.purpose, stratified=self.stratified, rng=self.seed,
            n_threads=self.n_threads,
        )  # fmt: skip
        table = design.to_frame("dict")
        facts = self._facts(votes) | {"n_disputed": design.n_disputed, "may": design.may}
        head = (
            f"{n:,} of {votes.n_pairs:,} pairs to label, for {self.purpose}; {design.n_disputed:,} "
            "are in dispute between 'uniform' and 'reliability'"
        )
        said: list[str | Grid] = [head, f"their labels may {design.may}"]
        if self.output is None:
            said += [self._pairs(design), "-o FILE writes them with an empty column gold"]
        else:
            said.append(
                f"fill in gold in {self.output}: first, second or tie (1, 0 or 0.5). Then: venire "
                f"gold ... --labels {self.output}"
            )
        return Report(said, [], facts, {"pairs": table}, {"output": table})

    def _pairs(self, design: GoldDesign) -> Grid:
        table = {k: x for k, x in design.to_frame("dict").items() if k not in ("gold", "purpose")}
        return Grid({k: cells("{}", x[: self.top]) for k, x in table.items()}, list(table))

    # ---- what labels say ----------------------------------------------------------------------

    def _told(self, votes: Votes, steps: Steps) -> Report:
        with steps(f"reading {self.labels}"):
            gold = io.read_gold(self.labels, votes)
        known = ~np.isnan(gold.labels)
        counts = {name: int((known & (gold.purpose == name)).sum()) for name in PURPOSES}
        teach = counts["stack"] + counts["measure"]
        with steps("combining"), warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            how: Facts = {"method": "reliability", "hold_to_gold": False}
            if teach >= FEWEST:
                how = {"method": "stacked", "guarded": teach < FEW}
            q = consensus(votes, gold=gold, n_threads=self.n_threads, **how)
        teachers = q.teachers_frame("dict", level=self.level)
        facts = self._facts(votes) | {"labels": str(self.labels), "n_labels": counts}
        facts |= self._side(q) | self._stack(q) | self._measures(q)
        said: list[str | Grid] = [
            f"{sum(counts.values()):,} labels: "
            + ", ".join(f"{n} for {name}" for name, n in counts.items() if n)
        ]
        said += [*self._lines(q, teach), *self._rows(teachers)]
        return Report(said, [], facts, {"teachers": teachers})

    def _facts(self, votes: Votes) -> Facts:
        return {
            "venire": version(), "file": str(self.file), "purpose": self.purpose,
            "n_pairs": votes.n_pairs, "n_teachers": votes.n_teachers,
        }  # fmt: skip

    def _side(self, q: Consensus) -> Facts:
        side = q.side
        return {"side": None if side is None else side._asdict(), "disputed": q.disputed}

    def _stack(self, q: Consensus) -> Facts:
        if q.stack is None:
            return {"stack": None}
        names = ("n_gold", "scale", "penalty", "trust", "log_loss", "log_loss_start")
        return {"stack": {name: number(getattr(q.stack, name)) for name in names}}

    def _measures(self, q: Consensus) -> Facts:
        if q.gold is None:
            return {"gold": None}
        names = ("n_pairs", "panel_accuracy", "mean_correlation")
        return {"gold": {name: number(getattr(q.gold, name)) for name in names}}

    def _lines(self, q: Consensus, teach: int) -> list[str]:
        lines = []
        if q.side is not None:
            lines.append(f"whom to believe where the panel is in two minds: {q.side}")
        if q.stack is not None:
            trust = f", trusted by {q.stack.trust:.2f}" if teach < FEW else ""
            loss = ""
            if q.stack.n_measured:
                loss = (
                    f"; held-out log-loss {q.stack.log_loss:.3f}, of the panel without gold "
                    f"{q.stack.log_loss_start:.3f}"
                )
            guarded = " --guarded" if teach < FEW else ""
            lines.append(
                f"{teach:,} labels teach weights{trust}{loss}. Use them: venire consensus ... "
                f"--method stacked{guarded} --gold-file {self.labels}"
            )
        if q.gold is not None:
            rho = q.gold.mean_correlation
            if q.gold.n_pairs >= ENOUGH and np.isfinite(rho):
                lines.append(f"errors of the judges correlate by {rho:.2f}, by gold")
            if q.gold.n_pairs >= FEW:
                lines.append(
                    "accuracy: counted on the labelled pairs, with its interval, and by the model "
                    "over all pairs (an estimate)"
                )
        return lines

    def _rows(self, t: dict[str, Any]) -> list[Grid]:
        if self.top == 0:
            return []
        order = np.argsort(-t["share"], kind="stable")[: self.top]
        t = {name: x[order] for name, x in t.items()}
        columns = {"judge": cells("{}", t["teacher"]), "judged": cells("{:,}", t["n_judgments"])}
        if "accuracy" in t:
            columns |= measured(t)
        if "stacked_weight" in t:
            columns["stacked weight"] = cells("{:+.2f}", t["stacked_weight"])
        return [Grid(columns, ["judge"])] if len(columns) > 2 else []
