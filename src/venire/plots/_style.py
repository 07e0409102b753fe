"""What all pictures have in common: figures, colours, labels, fonts, axes."""

from __future__ import annotations

import re
import sys
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from textwrap import wrap
from typing import TYPE_CHECKING, Any

import numpy as np

from venire._core import checks
from venire._core.extras import needs
from venire._core.shown import visible, width

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.text import Text

__all__ = [
    "ALARM", "COLOURS", "GREY", "INK", "MARKERS", "PALE", "axes", "bare", "checked", "colour",
    "counted", "finish", "inches", "ink_on", "label_ticks", "line", "marker", "ramp", "room", "say",
    "shortened", "within",
]  # fmt: skip

# Told apart by the colour-blind and in grey: the lightness of each differs from that of all others.
COLOURS = ("#005A9C", "#E06A10", "#101828", "#2BB594", "#B03A8C", "#F2BE22")
MARKERS = ("o", "s", "^", "D", "v", "P")
INK, GREY, PALE, ALARM = "#222222", "#666666", "#DDDDDD", "#A32A00"
WIDTH, HEIGHT = 6.0, 4.0  # inches of a new figure
MOST_MARKS = 6
NO_GLYPH = "\u25af"
LEFT_TO_RIGHT = "\u200e"  # around a label of another direction


def checked(ax: Axes | None) -> Axes | None:
    """Axes, or None for new ones."""
    rule = "must be matplotlib Axes (of x and y) or None"
    if ax is not None and getattr(ax, "name", None) != "rectilinear":
        checks.fail("ax", rule, value=type(ax).__name__, kind=TypeError)
    return ax


def axes(ax: Axes | None, width: float = WIDTH, height: float = HEIGHT) -> Axes:
    """The Axes given, or those of a new figure of so many inches.

    A new figure is known to pyplot only where somebody looks at what pyplot shows.
    """
    if checked(ax) is not None:
        return ax  # type: ignore[return-value]
    make = needs("matplotlib.figure", "a picture").Figure
    if _is_watched():
        make = needs("matplotlib.pyplot", "a picture").figure
    return make(figsize=(width, height), layout="constrained", facecolor="white").add_subplot()


def inches(ax: Axes) -> tuple[float, float]:
    """Width and height of Axes, before a layout has made room for labels."""
    figure, box = ax.figure, ax.get_window_extent()
    return box.width / figure.dpi, box.height / figure.dpi


def _is_watched() -> bool:
    """Whether this is a notebook or an interactive prompt."""
    ipython = sys.modules.get("IPython")
    return hasattr(sys, "ps1") or (ipython is not None and ipython.get_ipython() is not None)


def counted(x: float) -> str:
    """A number of comparisons; of weighted ones two decimals are enough."""
    return f"{x:.2g}" if 0.0 < x < 0.1 else f"{x:,.2f}".rstrip("0").rstrip(".")


def colour(k: int) -> str:
    """Of what comes as number `k`."""
    return COLOURS[k % len(COLOURS)]


def marker(k: int) -> str:
    """Of what comes as number `k`."""
    return MARKERS[k % len(MARKERS)]


def ramp() -> Any:
    """Colours from little to much, ever darker."""
    colors = needs("matplotlib.colors", "a picture")
    shades = ["#F1F6FA", "#8DBBDD", COLOURS[0], COLOURS[2]]
    return colors.LinearSegmentedColormap.from_list("venire", shades)


def ink_on(shade: Any) -> str:
    """Dark on a light colour (red, green, blue, ...), light on a dark one."""
    return INK if np.dot(shade[:3], (0.299, 0.587, 0.114)) > 0.55 else "white"


def line(ax: Axes, k: int, x: np.ndarray, y: np.ndarray, label: str) -> None:
    """The line that comes as number `k`, with a marker at each point."""
    ax.plot(
        x, y, color=colour(k), marker=marker(k), linewidth=1.6, markersize=5.5,
        markeredgecolor="white", markeredgewidth=0.8, label=label,
        linestyle=("-", "--", ":", "-.")[k // len(COLOURS) % 4],
    )  # fmt: skip


def finish(
    ax: Axes,
    x: str,
    y: str = "",
    *,
    grid: str = "both",
    legend: bool = False,
    notes: Sequence[str] = (),
    warnings: Sequence[str] = (),
    pad: float = 6.0,
) -> Axes:
    """The axes with their labels, a grid along "both", "x", "y" or "" and perhaps a legend.

    `notes` stand above by `pad` points, wrapped; `warnings` before them, in a colour that is seen.
    """
    say(ax.set_xlabel("", color=INK), _wrapped(x, _beside_labels(ax, 10.0)))
    say(ax.set_ylabel("", color=INK), y)
    said = "; ".join([*warnings, *filter(None, notes)])
    if said:
        title = ax.set_title("", loc="left", fontsize=9, color=ALARM if warnings else GREY, pad=pad)
        say(title, _wrapped(said, _beside_labels(ax, 9.0)))
    if grid:
        ax.grid(axis=grid, color=PALE, linewidth=0.6)  # type: ignore[arg-type]
    if grid == "x":
        _spread_ticks(ax)
    if legend:
        handles, labels = _legend_entries(ax)
        box = ax.legend(handles, ["-"] * len(handles), frameon=False, fontsize="small")
        for text, label in zip(box.get_texts(), labels, strict=True):
            say(text, label)
    ax.set_axisbelow(True)
    bare = ("top", "right") if grid != "x" else ("top", "right", "left")
    for side, spine in ax.spines.items():
        spine.set_visible(side not in bare)
        spine.set_color(GREY)
    ax.tick_params(which="both", color=GREY, labelcolor=INK)
    if "left" in bare:
        ax.tick_params(axis="y", length=0)
    return ax


def bare(ax: Axes, pad: float | None = None) -> Axes:
    """The axes of a matrix, without lines; labels are `pad` points away from it."""
    for spine in ax.spines.values():
        spine.set_visible(False)
    ax.tick_params(length=0)
    if pad is not None:
        ax.tick_params(axis="y", pad=pad)
    return ax


def _spread_ticks(ax: Axes) -> None:
    """So few ticks along x that their numbers, of five letters or so, keep apart."""
    ticker = needs("matplotlib.ticker", "a picture")
    locator: Any = ax.xaxis.get_major_locator()
    if isinstance(locator, ticker.AutoLocator):
        locator.set_params(nbins=int(np.clip(_beside_labels(ax, 10.0) // 5, 2, 9)))


def _beside_labels(ax: Axes, size: float) -> int:
    """Letters of `size` points that go above or below the Axes, right of the labels."""
    ticks = ax.get_yticklabels()
    points = max((width(t.get_text()) * float(t.get_fontsize()) for t in ticks), default=0.0)
    return max(16, room(ax, 0.97, size) - int(points / size))


def _wrapped(words: str, most: int) -> str:
    """In lines of so many letters; a number stays with its unit."""
    return "\n".join(wrap(words.replace(" %", "\u00a0%"), most)).replace("\u00a0", " ")


def _legend_entries(ax: Axes) -> tuple[list[Any], list[str]]:
    """What has a label of its own; matplotlib's own rule leaves out what begins with "_"."""
    made_up = re.compile(r"_child\d+$|_nolegend_$|$")
    every: Any = (*ax.containers, *ax.lines, *ax.collections, *ax.patches)
    drawn = [h for h in every if not made_up.match(str(h.get_label()))]
    return drawn, [str(h.get_label()) for h in drawn]


def say(text: Text, words: str) -> Text:
    """Write words as they are: no formulas, and in fonts that have their letters."""
    written = [_in_fonts(_one_line(part)) for part in words.split("\n")]
    text.set_text("\n".join(shown for shown, _ in written))
    families = list(dict.fromkeys(family for _, some in written for family in some))
    _as_it_is(text, families)
    return text


def within(label: str) -> str:
    """A label as part of a line: what stands around it keeps its own direction."""
    turned = any(unicodedata.bidirectional(letter) in ("R", "AL") for letter in label)
    return f"{LEFT_TO_RIGHT}{label}{LEFT_TO_RIGHT}" if turned else label


def _one_line(text: str) -> str:
    """As it is shown, but for our own marks of direction."""
    return LEFT_TO_RIGHT.join(map(visible, text.split(LEFT_TO_RIGHT)))


def _as_it_is(text: Text, families: list[str]) -> None:
    text.set_parse_math(False)
    text.set_usetex(False)
    if families:
        text.set_fontfamily(families)


def label_ticks(ax: Axes, axis: str, at: Any, labels: Sequence[str], **style: Any) -> None:
    """Ticks with labels that are written as they are, along "x" or "y"; `style` as of Text."""
    own = getattr(ax, f"{axis}axis")
    written = [_in_fonts(visible(label)) for label in labels]
    own.set_ticks(at, [shown for shown, _ in written], **style)
    for tick, (_, families) in zip(own.get_major_ticks(), written, strict=True):
        _as_it_is(tick.label1, families)


def room(ax: Axes, share: float = 0.38, size: float = 9.0) -> int:
    """Characters of `size` points that go into a share of the width of the figure."""
    figure: Any = ax.figure
    others = [one for one in figure.axes if one is not ax and one.get_label() != "<colorbar>"]
    box = ax.get_position().width if others else 1.0
    return max(8, int(share * box * figure.bbox.width / figure.dpi * 72.0 / (0.6 * size)))


def shortened(labels: Iterable[Any], most: int = 28) -> list[str]:
    """Labels as text of at most so many columns, with an ellipsis for what was left out.

    The middle goes, for names of models differ at both ends. Labels that would then be alike keep
    what follows the part that they have in common instead.
    """
    texts = [visible(str(label)) for label in labels]
    cut = [_cut(text, most) for text in texts]
    alike = defaultdict(set)
    for text, short in zip(texts, cut, strict=True):
        alike[short].add(text)
    for k, text in enumerate(texts):
        if len(others := alike[cut[k]]) > 1:
            common = _common(list(others))
            cut[k] = "\u2026" + _cut(text[max(0, common - most // 3) :], most - 1)
    return cut


def _common(texts: list[str]) -> int:
    """How many first letters all have in common."""
    low, high = min(texts), max(texts)
    return next((k for k, (a, b) in enumerate(zip(low, high, strict=False)) if a != b), len(low))


def _cut(text: str, most: int) -> str:
    if width(text) <= most:
        return text
    head, tail = (most - 1) - (most - 1) // 3, (most - 1) // 3
    return f"{_fitting(text, head)}\u2026{_fitting(text[::-1], tail)[::-1]}"


def _fitting(text: str, most: int) -> str:
    """As much of the beginning as goes into so many columns, without a joiner at its end."""
    taken = 0
    for at, letter in enumerate(text):
        taken += width(letter)
        if taken > most:
            return text[:at].rstrip("\u200c\u200d\ufe0f")
    return text


# ---- fonts ------------------------------------------------------------------------------------

_FOUND: dict[str, str] = {}  # letters beyond the first font: the family that has them, "" if none


def _in_fonts(text: str) -> tuple[str, list[str]]:
    """The text with a box for what no font has, and the families to write it in, if not the usual.

    Where an SVG file keeps text as text the reader's fonts decide, and nothing is replaced.
    """
    if text.isascii():
        return text, []
    text = _few_marks(text)
    matplotlib = needs("matplotlib", "a picture")
    usual = list(matplotlib.rcParams["font.family"])
    manager = needs("matplotlib.font_manager", "a picture")
    first = manager.get_font(manager.findfont(manager.FontProperties(family=usual)))
    beyond = [c for c in dict.fromkeys(text) if not first.get_char_index(ord(c))]
    if unseen := [c for c in beyond if c not in _FOUND]:
        _find(unseen, manager)
    families = [*usual, *dict.fromkeys(_FOUND[c] for c in beyond if _FOUND[c])]
    if matplotlib.rcParams["svg.fonttype"] != "none":
        gone: dict[int, Any] = {
            ord(c): NO_GLYPH if width(c) else "" for c in beyond if not _FOUND[c]
        }
        text = text.translate(gone)
    return text, families if len(families) > len(usual) else []


def _few_marks(text: str) -> str:
    """With at most so many marks on a letter as scripts have: a tower would push the Axes away."""
    kept, n = [], 0
    for letter in text:
        n = n + 1 if unicodedata.category(letter) in ("Mn", "Me") else 0
        if n <= MOST_MARKS:
            kept.append(letter)
    return "".join(kept)


def _find(letters: list[str], manager: Any) -> None:
    """Look through the fonts of this machine for letters, plain ones without serifs first."""
    _FOUND.update(dict.fromkeys(letters, ""))
    known = {entry.fname for entry in manager.fontManager.ttflist}
    odd = re.compile(
        r"bold|ital|obli|light|thin|black|medium|mono|serif|condensed|lastresort", re.I
    )
    paths = {*known, *manager.findSystemFonts()}
    for path in sorted(paths, key=lambda p: (bool(odd.search(p)), "sans" not in p.lower(), p)):
        left = [c for c in letters if not _FOUND[c]]
        if not left:
            return
        if re.search("lastresort", path, re.I):  # a box for everything
            continue
        try:
            font = manager.get_font(path)
            has = [c for c in left if font.get_char_index(ord(c))]
            if has and path not in known:
                manager.fontManager.addfont(path)
        except (OSError, RuntimeError, NotImplementedError):  # bitmaps, broken files
            continue
        _FOUND.update(dict.fromkeys(has, font.family_name))
