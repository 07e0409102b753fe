"""What an audit says: findings, sorted by gravity, and how they are put into words."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from venire._core.frames import as_frame
from venire._core.tables import Table, Tabled
from venire.data.taken import Taken

__all__ = [
    "GRAVE",
    "FINE",
    "WORTH",
    "Audit",
    "Finding",
    "Raw",
    "counted",
    "further",
    "graver",
    "listed",
    "odds_of",
]

GRAVE, WORTH, FINE = "grave", "worth knowing", "fine"
GRAVITIES = (GRAVE, WORTH, FINE)
MOST = 20  # rows, items or pairs that a finding names
_SAID = 3  # of them in a sentence
_WIDTH = 96


@dataclass(frozen=True)
class Finding:
    """One thing that a check found, or that it found nothing.

    Attributes
    ----------
    name : str
        Of the check; does not change.
    gravity : {"grave", "worth knowing", "fine"}
    what : str
        What was found, in plain words.
    how_much : dict of str to float
        The numbers behind it, by name.
    where : dict of str to tuple
        Up to 20 examples, the worst first: "rows" (positions from 0), "items", "pairs", "clusters".
    what_to_do : str
        Empty where there is nothing to do.
    weight : float
        Of two findings of one gravity that with the larger weight comes first: about how many
        standard errors, or how large a share of the data, it is about.
    """

    name: str
    gravity: str
    what: str
    how_much: Mapping[str, float] = field(default_factory=dict)
    where: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    what_to_do: str = ""
    weight: float = 0.0

    def __str__(self) -> str:
        return f"{self.gravity}: {self.what}" + (f" {self.what_to_do}" if self.what_to_do else "")


@dataclass(frozen=True, repr=False)
class Audit(Tabled):
    """What is odd about comparisons, the gravest first; true where anything is odd.

    Attributes
    ----------
    findings : tuple of Finding
        One or more of each check that could be made, also of those that found nothing odd.
    n_comparisons : float
    n_items : int
    taken : Taken or None
        How a file or a frame was read.

    Examples
    --------
    >>> import venire as vn
    >>> looked = vn.audit(vn.Comparisons(["a", "b", "x"], ["b", "a", "y"], [1, 1, 0.5]))
    >>> looked.grave[0].name, bool(looked)
    ('components', True)
    """

    findings: tuple[Finding, ...]
    n_comparisons: float
    n_items: int
    taken: Taken | None = None

    def __bool__(self) -> bool:
        return any(f.gravity != FINE for f in self.findings)

    def __iter__(self) -> Any:
        return iter(self.findings)

    def __len__(self) -> int:
        return len(self.findings)

    def __getitem__(self, name: str) -> Finding:
        """The gravest finding of a check."""
        for finding in self.findings:
            if finding.name == name:
                return finding
        raise KeyError(name)

    @property
    def grave(self) -> tuple[Finding, ...]:
        """Those that make ratings wrong or meaningless if nothing is done."""
        return tuple(f for f in self.findings if f.gravity == GRAVE)

    @property
    def odd(self) -> tuple[Finding, ...]:
        """Those that are not fine."""
        return tuple(f for f in self.findings if f.gravity != FINE)

    def columns(self) -> dict[str, np.ndarray]:
        """One entry a finding: name, gravity, what, where, what_to_do."""
        rows = [(f.name, f.gravity, f.what, _shown(f.where), f.what_to_do) for f in self.findings]
        names = ("name", "gravity", "what", "where", "what_to_do")
        table = np.array(rows, object).reshape(len(rows), len(names))
        return {name: table[:, k] for k, name in enumerate(names)}

    def to_frame(self, backend: str | None = None) -> Any:
        """One row a finding, as a data frame of `backend` ("pandas", "polars", "pyarrow", "dict";
        default: the first that is installed): name, gravity, what, where, what_to_do."""
        return as_frame(self.columns(), backend)

    def _table(self, top: int | None) -> Table:
        odd = self.odd[:top] if top else self.odd
        columns = {
            "gravity": [f.gravity for f in odd],
            "check": [f.name for f in odd],
            "found": [f.what for f in odd],
            "what to do": [f.what_to_do for f in odd],
        }
        header = self.summary().partition("\n")[0]
        fine = [f.name for f in self.findings if f.gravity == FINE]
        notes = [f"fine: {', '.join(dict.fromkeys(fine))}"] if fine else []
        return Table.of([header], columns if odd else {}, notes, top=max(len(odd), 1))

    def summary(self, width: int = _WIDTH) -> str:
        """All findings in plain words, the gravest first, in lines of at most `width` columns."""
        n = {g: sum(f.gravity == g for f in self.findings) for g in GRAVITIES}
        lines = [
            f"Audit of {self.n_comparisons:,.10g} comparisons of {self.n_items:,} items: "
            f"{n[GRAVE]} grave, {n[WORTH]} worth knowing, {n[FINE]} fine"
        ]
        for finding in self.odd:
            text = f"{finding.what} {finding.what_to_do}".rstrip()
            lines += ["", f"{finding.gravity.upper()}: {finding.name}", *_wrapped(text, width)]
        fine = [f for f in self.findings if f.gravity == FINE]
        if fine:
            lines += ["", "Fine:"]
            lines += [line for f in fine for line in _wrapped(f"{f.name}: {f.what}", width)]
        return "\n".join(lines)

    def __str__(self) -> str:
        return self.summary()

    def __repr__(self) -> str:
        return f"<Audit: {len(self.grave)} grave, {len(self.odd)} odd of {len(self.findings)}>"


def _wrapped(text: str, width: int) -> list[str]:
    return textwrap.wrap(
        text, width, initial_indent="  ", subsequent_indent="  ", break_long_words=False,
        break_on_hyphens=False,
    )  # fmt: skip


def _shown(where: Mapping[str, tuple[Any, ...]]) -> str:
    return "; ".join(f"{what} {listed(some, MOST)}" for what, some in where.items() if some)


class Raw(str):
    """A label that is quoted already."""


def shown(label: Any) -> str:
    """A label as it stands, quoted where it is text; what cannot be seen is escaped."""
    if isinstance(label, Raw):
        return str(label)
    return repr(str(label)) if isinstance(label, str) else str(label)


def listed(some: Any, most: int = _SAID, n: int | None = None) -> str:
    """The first few, pairs as "a and b"; `n` is how many there are in all."""
    some = list(some)
    n = len(some) if n is None else n
    words = [
        " and ".join(shown(x) for x in one) if isinstance(one, tuple) else shown(one)
        for one in some[:most]
    ]
    more = n - len(words)
    return ", ".join(words) + (f" and {more:,} more" if more > 0 else "")


def counted(n: float, what: str) -> str:
    """So many of these."""
    return f"{n:,.6g} {what}" + ("" if n == 1 else "s")


def further(n: int, what: str, verb: tuple[str, str], rest: str) -> str:
    """A sentence on `n` more of these; empty if there are none."""
    return f" {counted(n, f'more {what}')} {verb[int(n != 1)]} {rest}." if n > 0 else ""


def graver(findings: Any) -> tuple[Finding, ...]:
    """Sorted: the gravest first, of one gravity the weightiest, then as they came."""
    return tuple(sorted(findings, key=lambda f: (GRAVITIES.index(f.gravity), -f.weight)))


def odds_of(log_p: float) -> str:
    """A probability given as its natural logarithm, in words."""
    if log_p > np.log(1e-4):
        return f"p = {np.exp(log_p):.2g}"
    exponent = log_p / np.log(10.0)
    return f"p < 1e{int(np.ceil(exponent))}" if exponent > -300 else "p < 1e-300"
