"""Check of labels: items that are probably one, written in two ways."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from typing import Any

from venire.diagnostics._evidence import Evidence
from venire.diagnostics._finding import FINE, GRAVE, MOST, WORTH, Finding, Raw, listed

__all__ = ["alike"]

# Letters of other alphabets, and signs, that look like Latin letters (a part of the confusables of
# Unicode Technical Standard 39).
_LOOKS = dict(
    zip(
        "АВЕЅІЈКМНОРСТУХаеорсухѕіјԁԛԝһӏΑΒΕΖΗΙΚΜΝΟΡΤΥΧαοινρυ",
        "ABESIJKMHOPCTYXaeopcyxsijdqwhlABEZHIKMNOPTYXaoivpu",
        strict=True,
    )
)
_LOOKS |= dict.fromkeys("‐‑‒–—―−﹣－", "-") | dict.fromkeys("’‘ʼ′`´", "'") | {"ı": "i", "ß": "ss"}
_LOOK = str.maketrans(_LOOKS)
_SIGNS = re.compile(r"[\s_\-./:,']+")
_ZEROS = re.compile(r"(?<![0-9])0+(?=[0-9])")
_LONG = 3  # letters from which a difference of case alone is no scheme of one-letter names
_SCHEME = 0.3  # of the labels: where so many have a twin, case is part of the names


def _plain(text: str) -> str:
    """Without what cannot be seen: blanks around, forms of one character, signs of no width."""
    text = unicodedata.normalize("NFKC", text).translate(_LOOK)
    text = "".join(
        c for c in text if unicodedata.category(c) not in ("Cf", "Cc", "Mn") or c == "\t"
    )
    return " ".join(text.split())


def _folded(text: str) -> str:
    return _plain(unicodedata.normalize("NFD", text.casefold())).casefold()


def _letters(text: str) -> str:
    return _ZEROS.sub("", _SIGNS.sub("", _folded(text)))


def _number(text: str) -> str:
    try:
        return str(float(text))
    except ValueError:
        return text


def alike(e: Evidence) -> Iterator[Finding]:
    """Labels that differ in nothing that a reader sees, in case only, or in signs only."""
    labels = [x for x in e.items.tolist() if isinstance(x, str)]
    if len(labels) < 2:
        return
    known: set[frozenset[str]] = set()
    found = False
    for what, key, gravity, fits in _WAYS:
        groups: dict[str, list[str]] = {}
        for text in labels:
            groups.setdefault(key(text), []).append(text)
        twins = [tuple(g) for k, g in groups.items() if len(g) > 1 and fits(k)]
        twins = [g for g in twins if frozenset(g) not in known]
        known |= {frozenset(g) for g in twins}
        if not twins:
            continue
        found = True
        grave = gravity
        if 2 * len(twins) > _SCHEME * len(labels) and len(labels) > 6:
            grave = WORTH
        some = _shown(twins)
        said = f"{len(twins):,} sets of labels differ" if len(twins) > 1 else "labels differ"
        yield Finding(
            "labels alike", grave,
            f"{said} {what}: {some}.",
            {"groups": len(twins), "items": sum(map(len, twins))},
            {"pairs": tuple(g[:2] for g in twins[:MOST])},
            "They are kept apart. If they are one item, write them alike and rate again.",
            15.0 + len(twins) / len(labels),
        )  # fmt: skip
    if not found:
        yield Finding("labels alike", FINE, "no two labels look like one.")


def _shown(twins: list[tuple[str, ...]]) -> str:
    """The groups, with escapes for what cannot be told apart otherwise."""
    return listed([tuple(_seen(x, g) for x in g) for g in twins])


def _seen(text: str, group: tuple[str, ...]) -> Any:
    looks = len({_plain(x) for x in group}) < len(group)
    return Raw(ascii(text)) if looks and not text.isascii() else text


def _always(key: str) -> bool:
    return True


def _long(key: str) -> bool:
    return sum(c.isalpha() for c in key) >= _LONG


_Way = tuple[str, Callable[[str], str], str, Callable[[str], bool]]
_WAYS: tuple[_Way, ...] = (
    ("in blanks or characters that look the same", _plain, GRAVE, _always),
    ("in case or accents only", _folded, GRAVE, _long),
    ("in blanks, hyphens, dots or leading zeros only", _letters, WORTH, _long),
    ("in how a number is written", _number, WORTH, _always),
)
