"""What words and numbers say about who won: the one table of them, as data.

Most words mean one thing wherever they stand (`ALWAYS`). Letters and numbers mean something only
together: "A" beside "H" is the away side, beside "B" the first item. `TOGETHER` lists these
systems, and a column is read by the system that has all of its values. A tie beside a number, or
a word of `ALWAYS` among letters, fits every system.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "ALWAYS", "BESIDE", "BY_FIRST", "MISSING", "NO_RESULT", "SHARES", "SOFT", "TARGETS", "TIES",
    "TOGETHER", "WORDS", "Said", "number", "of_numbers", "plain", "token", "turned",
]  # fmt: skip


class Said(NamedTuple):
    """A score that a value states, whatever stands beside it."""

    score: float


#: Scores of a word, wherever it stands, in the spelling of `plain`.
WORDS: Mapping[float, tuple[str, ...]] = {
    1.0: (
        "first", "win", "wins", "won", "winner", "true", "left", "home", "host", "white", "one",
        ">", ">>", "+/-", "+:-",
    ),
    0.0: (
        "second", "loss", "lose", "loses", "lost", "loser", "defeat", "false", "right", "away",
        "guest", "visitor", "black", "two", "<", "<<", "-/+", "-:+",
    ),
    0.5: (
        "tie", "ties", "tied", "draw", "draws", "drawn", "equal", "equally good", "even", "same",
        "the same", "about the same", "similar", "both", "both good", "bothgood", "both bad",
        "bothbad", "both equal", "tie bothbad", "tie both bad", "tie bothgood", "tie both good",
        "equally bad", "neither", "neither is better", "no preference", "no difference",
        "no winner", "no clear winner", "winner tie", "it is a tie", "its a tie", "=", "==", "~",
        "=/=", "=-=", "stalemate", "tie inconsistent",
    ),
}  # fmt: skip
#: Two sides, with a noun or a verb: "player 1", "assistant_b", "white wins", "A is better".
_FIRST = ("a", "1", "left", "first", "home", "white", "one")
_SECOND = ("b", "2", "right", "second", "away", "black", "two")
_NOUNS = (
    "model", "assistant", "response", "answer", "output", "option", "candidate", "system", "player",
    "team", "side", "item", "choice", "completion", "summary", "translation", "image", "version",
    "competitor", "contestant", "fighter", "participant", "agent", "bot", "chatbot", "p", "winner",
    "prefer", "prefers", "preferred", "verdict", "selected", "chosen", "text", "story", "document",
)  # fmt: skip
_WON, _LOST = ("better", "best", "wins", "win", "won", "winner", "preferred"), ("lost", "loses")

#: Words that say that there is no result; rows with one are left out.
NO_RESULT = frozenset(
    (
        "*", "no result", "no contest", "nr", "abandoned", "postponed", "cancelled", "canceled",
        "void", "voided", "unplayed", "not played", "unfinished", "scheduled",
        "abstain", "abstains", "abstained", "abstention", "skip", "skipped", "no answer", "no vote",
        "no verdict", "not judged", "do not know", "dont know", "don't know", "unsure", "not sure",
        "cannot tell", "cant tell", "error", "invalid",
    )
)  # fmt: skip
#: Words that say that nothing is known.
MISSING = frozenset(("", "na", "n/a", "nan", "null", "none", "nat", "-", "--"))

#: Systems of letters and numbers, and what each says.
TOGETHER: Mapping[str, Mapping[Any, float]] = {
    "1 is first, 0 second, 0.5 a tie": {1.0: 1.0, 0.5: 0.5, 0.0: 0.0, "in (0, 1)": 0.5},
    "1 is first, -1 second, 0 a tie": {1.0: 1.0, 0.0: 0.5, -1.0: 0.0},
    "1 is first, 2 second, 0, 1.5 or X a tie": {
        1.0: 1.0, 2.0: 0.0, 0.0: 0.5, 1.5: 0.5, "x": 0.5, "in (1, 2)": 0.5,
    },
    "H is home, A away, D a draw": {"h": 1.0, "a": 0.0, "d": 0.5, "t": 0.5},
    "A is first, B second, C or T a tie": {"a": 1.0, "b": 0.0, "c": 0.5, "t": 0.5},
    "W is a win, L a loss, D or T a tie": {"w": 1.0, "l": 0.0, "d": 0.5, "t": 0.5},
    "L is left, R right, T a tie": {"l": 1.0, "r": 0.0, "t": 0.5},
    "T is true, F false": {"t": 1.0, "f": 0.0},
    "points of first, of second": {"0-0": 0.5},
    "results of chess": {"½-½": 0.5},
}  # fmt: skip
#: What has a meaning only beside one of these.
BESIDE: Mapping[Any, tuple[Any, ...]] = {"x": (1.0, 2.0), "c": ("b",)}
#: The system of scores, which is that of this package.
SHARES = next(iter(TOGETHER))
#: Words of ties that may stand among the labels of winners.
TIES = {*WORDS[0.5], "d", 0.5, "½-½", "0-0", Said(0.5)}
#: Words that are said of first, however the two columns are called.
BY_FIRST = {"win", "wins", "won", "true", "loss", "lose", "loses", "lost", "false", "defeat"} | {
    "w", "l", "t", "f",
}  # fmt: skip
#: Scores of numbers between those of a system.
SOFT: Mapping[Any, Any] = {"in (0, 1)": lambda x: x, "in (1, 2)": lambda x: 2.0 - x}
#: What a mapping may map to, beside numbers.
TARGETS = {"first": 1.0, "win": 1.0, "second": 0.0, "loss": 0.0, "tie": 0.5, "draw": 0.5}

_SPELLED = str.maketrans(
    {**dict.fromkeys("[](){}\"'`“”‘’«»", ""), **dict.fromkeys("–—−‐‑‒", "-"), "_": " "}
)
_POINTS = r"(\d+(?:[.,]\d+)?½?|½)"
_PAIR = re.compile(rf"{_POINTS} ?[-:] ?{_POINTS} ?f{{0,2}}")
_NUMBER = re.compile(r"[+-]?(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:e[+-]?\d+)?")
_SIDE = re.compile(
    rf"(?:the )?((?:(?:{'|'.join(_NOUNS)})[ :]?)*)({'|'.join((*_FIRST, *_SECOND))})"
    rf"( ?(?:{'|'.join(_NOUNS)}))?(?: is| was| has)?(?: the)?( (?:{'|'.join((*_WON, *_LOST))}))?"
)
_KNOWN = (-1.0, 0.0, 0.5, 1.0, 1.5, 2.0)
_LONGEST = 48  # letters of a word that is looked at


def plain(text: str) -> str:
    """One spelling of a word: without case, brackets, quotes, underscores and other blanks."""
    text = " ".join(text.translate(_SPELLED).casefold().split())
    return text.replace("1/2", "½").strip(" .:;,!") if len(text) > 1 else text


def _table() -> dict[str, float]:
    out = {word: score for score, words in WORDS.items() for word in words}
    for one, other in zip(_FIRST, _SECOND, strict=True):
        for left, right, score in ((one, other, 1.0), (other, one, 0.0)):
            out |= {f"{left}{sign}{right}": score for sign in (">", ">>")}
            out |= {f"{right}{sign}{left}": score for sign in ("<", "<<")}
            out |= {f"{left}{sign}{right}": 0.5 for sign in ("=", "==", "~", "≈")}
    return out


#: Score of each word that means the same wherever it stands.
ALWAYS: Mapping[str, float] = _table()


def token(value: Any, known_only: bool = False) -> Any:
    """What the tables call a value: a word of theirs, a number, a class of numbers, a score.

    Parameters
    ----------
    value : str, number or bool
    known_only : bool
        Look for words that stand in the tables as they are, and no further.

    Returns
    -------
    str, float, Said or None
        `Said` is the score itself, of what is no single word: "3-1", "player 2 wins". None where
        nothing is known.

    Examples
    --------
    >>> from venire.data.meanings import token
    >>> [token(x) for x in ("[[A]]", " Model_B", "1 – 0", 2, "1.0", 1.25, "what")]
    ['a', Said(score=0.0), Said(score=1.0), 2.0, 1.0, 'in (1, 2)', None]
    """
    if not isinstance(value, str):
        if _is_truth(value):
            return str(value).lower()
        return None if (x := number(value)) is None else _of_number(x)
    if len(value) > _LONGEST or (known_only and value.lstrip()[:2].lower() not in _BEGINNINGS):
        return None
    word = plain(value)
    if word in _LISTED:
        return word
    if known_only or not word:
        return None
    if (x := number(word)) is not None:
        return _of_number(x)
    if points := _PAIR.fullmatch(word):
        return _of_points(*points.groups())
    squeezed = re.sub(r" ?([<>=~≈]+) ?", r"\1", word)
    if squeezed in ALWAYS:
        return squeezed
    if (side := _SIDE.fullmatch(word)) and any(side.group(1, 3, 4)):
        won = (side[2] in _FIRST) != ((side[4] or "").strip() in _LOST)
        return Said(1.0 if won else 0.0)
    return None


def number(value: Any) -> float | None:
    """The number that a value is, or is written as; None if it is none."""
    if not isinstance(value, str):
        try:
            return None if _is_truth(value) else float(value)
        except (TypeError, ValueError, OverflowError):  # a date, a complex number, one too large
            return None
    word = plain(value)
    if word == "½":
        return 0.5
    return float(word.replace(",", ".")) if _NUMBER.fullmatch(word) else None


def turned(first: Any, second: Any) -> bool:
    """Whether the columns of the two items are called like second and first: away, and home."""

    def side(name: Any) -> Any:
        found = token(name) if isinstance(name, str) else None
        if isinstance(found, Said):
            return found.score
        return 1.0 if found in _FIRST else 0.0 if found in _SECOND else None

    return side(first) == 0.0 and side(second) == 1.0


def _is_truth(value: Any) -> bool:
    return type(value).__name__ in ("bool", "bool_")


def _of_number(x: float) -> Any:
    if x in _KNOWN:
        return x
    return "in (0, 1)" if 0.0 < x < 1.0 else "in (1, 2)" if 1.0 < x < 2.0 else None


def of_numbers(x: NDArray[Any]) -> tuple[list[Any], NDArray[np.int64]]:
    """The tokens of many numbers, each token once, and which of them each number has."""
    tokens = [*_KNOWN, *SOFT, None]
    which = np.full(len(x), len(tokens) - 1)
    which[(x > 0.0) & (x < 1.0)] = tokens.index("in (0, 1)")
    which[(x > 1.0) & (x < 2.0)] = tokens.index("in (1, 2)")
    for k, known in enumerate(_KNOWN):
        which[x == known] = k
    here, which = np.unique(which, return_inverse=True)
    return [tokens[k] for k in here.tolist()], which


def _of_points(one: str, other: str) -> Any:
    a, b = (
        float(x.replace(",", ".").replace("½", "") or 0) + 0.5 * ("½" in x) for x in (one, other)
    )
    if a == b:
        return "0-0" if a == 0.0 else "½-½" if a == 0.5 else Said(0.5)
    return Said(1.0 if a > b else 0.0)


_LISTED = {*ALWAYS, *NO_RESULT, *MISSING} | {
    word for system in TOGETHER.values() for word in system if isinstance(word, str)
}
_BEGINNINGS = {word[:2] for word in _LISTED}
