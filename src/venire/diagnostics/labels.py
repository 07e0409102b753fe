"""Check of labels: items that are probably one, written in two ways."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

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
_NUMERIC = frozenset("0123456789+-.iInN")  # with which a number begins, the words among them
_LONG = 3  # letters from which a difference of case alone is no scheme of one-letter names
_WORD = re.compile(r"[^\W\d_]{5,}")
_FEW_TYPOS, _MOST_LABELS = 0.05, 20_000
_SCHEME = 0.3  # of the labels: where so many have a twin, case is part of the names


def _plain(text: str) -> str:
    """Without what cannot be seen: blanks around, forms of one character, signs of no width."""
    if text.isascii() and text.isprintable():  # all forms of ASCII are one
        return " ".join(text.replace("`", "'").split())
    text = unicodedata.normalize("NFKC", text).translate(_LOOK)
    text = "".join(
        c for c in text if unicodedata.category(c) not in ("Cf", "Cc", "Mn") or c == "\t"
    )
    return " ".join(text.split())


def _folded(text: str) -> str:
    if text.isascii():
        return _plain(text.lower())
    return _plain(unicodedata.normalize("NFD", text.casefold())).casefold()


def _letters(text: str) -> str:
    return _ZEROS.sub("", _SIGNS.sub("", _folded(text)))


def _number(text: str) -> str:
    if text.isascii() and text.lstrip()[:1] not in _NUMERIC:
        return text
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
        groups = _twins(labels, key)
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
    typos = [p for p in _typos(labels) if frozenset(p) not in known]
    if typos and len(typos) <= max(_FEW_TYPOS * len(labels), 1.0):
        found = True
        yield Finding(
            "labels alike", WORTH,
            f"labels differ in one letter: {listed(typos)}.",
            {"groups": len(typos), "items": 2 * len(typos)}, {"pairs": tuple(typos[:MOST])},
            "A misspelling? They are kept apart.", 5.0 + len(typos) / len(labels),
        )  # fmt: skip
    if not found:
        yield Finding("labels alike", FINE, "no two labels look like one.")


def _twins(labels: list[str], key: Callable[[str], str]) -> dict[str, list[str]]:
    """Labels by their key, those at least that share it with another."""
    number = np.fromiter((hash(key(text)) for text in labels), np.int64, len(labels))
    by = np.argsort(number, kind="stable")
    same = number[by[1:]] == number[by[:-1]]
    groups: dict[str, list[str]] = {}
    for k in np.sort(by[np.r_[same, False] | np.r_[False, same]]).tolist():
        groups.setdefault(key(labels[k]), []).append(labels[k])
    return groups


def _typos(labels: list[str]) -> list[tuple[str, str]]:
    """Pairs of labels of which a word of five letters or more has one letter more, less, or other.

    Both lose a letter and become one: each label is written down without each of its letters.
    """
    if len(labels) > _MOST_LABELS:
        return []
    without: dict[str, set[str]] = {}
    for text in labels:
        plain = _folded(text)
        for word in _WORD.finditer(plain):
            for k in range(word.start(), word.end()):
                without.setdefault(plain[:k] + plain[k + 1 :], set()).add(text)
        without.setdefault(plain, set()).add(text)
    found = {tuple(sorted(x)) for x in without.values() if len(x) == 2}
    return sorted(p for p in found if _one_word(*p))  # type: ignore[misc]


def _one_word(a: str, b: str) -> bool:
    """Whether they differ in one long word, and not in its last letter alone, as a and b do."""
    one, two = (re.findall(r"[^\W_]+", _folded(x)) for x in (a, b))
    pairs = [(x, y) for x, y in zip(one, two, strict=False) if x != y]
    if len(one) != len(two) or len(pairs) != 1:
        return False
    x, y = pairs[0]
    if not (x.isalpha() and y.isalpha() and min(len(x), len(y)) >= 5) or x[:-1] == y[:-1]:
        return False
    if len(x) == len(y):
        off = [k for k in range(len(x)) if x[k] != y[k]]
        return len(off) == 1 or (len(off) == 2 and x[off[0]] + x[off[1]] == y[off[1]] + y[off[0]])
    long, short = (x, y) if len(x) > len(y) else (y, x)
    return any(long[:k] + long[k + 1 :] == short for k in range(len(long)))


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
