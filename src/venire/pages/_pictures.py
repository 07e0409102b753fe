"""The pictures of a page: drawn by `venire.plots`, as SVG that stands in HTML."""

from __future__ import annotations

import io
import math
import re
import sys
import warnings
from collections.abc import Callable, Iterable
from functools import partial
from inspect import signature
from typing import Any, NamedTuple
from xml.etree import ElementTree

import numpy as np

from venire import plots
from venire._core.extras import needs
from venire.panel import Consensus
from venire.resampling import Bootstrap, PosteriorDraws
from venire.targets import Rated

__all__ = ["Picture", "inline_svg", "of_judges", "of_ratings"]

_SVG, _LINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"
_NO_METADATA = {"Date": None, "Creator": None}  # nor a date: the same picture is the same text
_DPI = 110  # of what is drawn in pixels inside a picture
_MOST_JUDGES = 200  # whose agreement is drawn


class Picture(NamedTuple):
    """A picture in HTML, and what is said below it."""

    svg: Any
    caption: str


class Wanted(NamedTuple):
    """A picture that a page may have: its name, what is said below it, and of how many items."""

    draw: Callable[..., Any]
    title: str
    says: str
    most: float = math.inf
    of_rated: bool = True


RATINGS = Wanted(
    plots.plot_ratings, "Ratings",
    "Ratings with their intervals. Hollow: where only the prior says where an item lies.",
)  # fmt: skip
MORE = (
    Wanted(
        plots.plot_ranks, "Ranks", "The rank of each item, and those that the data leave open.",
        most=2000,  # all pairs are looked at
        of_rated=False,
    ),
    Wanted(
        plots.plot_wins, "Wins",
        "Who beats whom: the share of the points of the row's item, by the ratings and as played.",
    ),
    Wanted(
        plots.plot_calibration, "Calibration",
        "How often outcomes came, against how often the ratings expect them: on the diagonal if "
        "the model is right.",
    ),
    Wanted(
        plots.plot_residuals, "Residuals",
        "How far each pair is from what the ratings expect, in standard deviations.",
    ),
    Wanted(plots.plot_graph, "Who met whom", "How often items met."),
)  # fmt: skip
RELIABILITY = Wanted(
    plots.plot_reliability, "Reliability", "How far each judge agrees with the rest of the panel."
)
POSITION = Wanted(
    plots.plot_position_bias, "Position bias", "How far each judge leans to the answer shown first."
)
AGREEMENT = Wanted(plots.plot_agreement, "Agreement", "How far judges agree with each other.")
CORRELATION = Wanted(
    plots.plot_correlation,
    "Correlation",
    "Whose errors come together; judges alike stand together.",
)


def of_ratings(
    result: Any, n_items: int, name: str, *, every: bool, **options: Any
) -> list[Picture]:
    """Of a fit, a bootstrap or ratings; `name` is that of its sheet."""
    rated, replicates = isinstance(result, Rated), isinstance(result, (Bootstrap, PosteriorDraws))
    wanted = [
        one
        for one in ([RATINGS, *MORE] if every else [RATINGS])
        if n_items <= one.most and (one.of_rated or not rated)
    ]
    if replicates:  # have errors of their own
        del options["errors"]
    elif options["errors"] is None:
        wanted = [one for one in wanted if "errors" not in signature(one.draw).parameters]
    return _drawn(wanted, result, name, options)


def of_judges(result: Rated | Consensus, level: float) -> list[Picture]:
    """Of a panel: what is known of it."""
    q = result.consensus if isinstance(result, Rated) else result
    wanted = [RELIABILITY]
    if isinstance(result, Rated) and np.isfinite(result.leans(level).bias).any():
        wanted.append(POSITION)
    if 1 < q.n_teachers <= _MOST_JUDGES:
        wanted.append(AGREEMENT)
    if q.gold is not None and q.gold.correlation is not None:
        wanted.append(CORRELATION)
    return _drawn(wanted, result, "judges", {"level": level})


def _drawn(
    wanted: Iterable[Wanted], result: Any, name: str, options: dict[str, Any]
) -> list[Picture]:
    out = []
    for k, one in enumerate(wanted):
        known = signature(one.draw).parameters
        mine = {word: value for word, value in options.items() if word in known}
        draw = partial(one.draw, result, **mine)
        out.append(Picture(inline_svg(draw, f"{name}-{k}", one.title), one.says))
    return out


def inline_svg(draw: Callable[[], Any], name: str, title: str) -> Any:
    """What `draw` draws, as an element of HTML; `name` keeps its ids apart from those of others."""
    matplotlib = needs("matplotlib", "a page")
    markup = needs("markupsafe", "a page").Markup
    file = io.StringIO()
    with (
        matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": name}),  # text stays text
        warnings.catch_warnings(),
    ):
        warnings.filterwarnings("ignore", "Glyph .* missing")  # the reader's fonts are others
        figure = draw().figure
        figure.savefig(file, format="svg", dpi=_DPI, metadata=_NO_METADATA)
    if pyplot := sys.modules.get("matplotlib.pyplot"):
        pyplot.close(figure)  # a notebook would show it below the cell
    root = ElementTree.fromstring(file.getvalue())
    for child in [c for c in root if c.tag == f"{{{_SVG}}}metadata"]:
        root.remove(child)
    for defs in root.iter(f"{{{_SVG}}}defs"):  # a style of one picture would be one of the page
        for style in defs.findall(f"{{{_SVG}}}style"):
            defs.remove(style)
    for size in ("width", "height"):
        root.attrib.pop(size, None)
    root.attrib |= {"role": "img", "aria-label": title, "stroke-linejoin": "round"}
    _apart(root, name)
    ElementTree.register_namespace("", _SVG)
    ElementTree.register_namespace("xlink", _LINK)
    return markup(ElementTree.tostring(root, encoding="unicode"))


def _apart(root: ElementTree.Element, name: str) -> None:
    """Ids, and what refers to them, with a name before them: a page has many pictures."""
    for element in root.iter():
        for key, value in element.attrib.items():
            if key == "id":
                element.set(key, f"{name}-{value}")
            elif key in ("href", f"{{{_LINK}}}href") and value.startswith("#"):
                element.set(key, f"#{name}-{value[1:]}")
            elif "url(#" in value:
                element.set(key, re.sub(r"url\(#", f"url(#{name}-", value))
