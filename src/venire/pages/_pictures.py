"""The pictures of a page: drawn by `venire.plots`, as SVG that stands in HTML."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple
from xml.etree import ElementTree

from venire import plots
from venire._core.extras import needs

if TYPE_CHECKING:
    from venire.ratings import Fit

__all__ = ["Picture", "inline_svg", "of_ratings"]

_SVG, _LINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"
_NO_METADATA = {"Date": None, "Creator": None}  # nor a date: the same picture is the same text
_DPI = 110  # of what is drawn in pixels inside a picture


class Picture(NamedTuple):
    """A picture in HTML, and what is said below it."""

    svg: Any
    caption: str


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
        draw().figure.savefig(file, format="svg", dpi=_DPI, metadata=_NO_METADATA)
    root = ElementTree.fromstring(file.getvalue())
    for child in [c for c in root if c.tag == f"{{{_SVG}}}metadata"]:
        root.remove(child)
    for defs in root.iter(f"{{{_SVG}}}defs"):  # a style of one picture would be one of the page
        for style_sheet in defs.findall(f"{{{_SVG}}}style"):
            defs.remove(style_sheet)
    for name_of in ("width", "height"):
        root.attrib.pop(name_of, None)
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


def of_ratings(result: Any, fit: Fit, level: float, errors: str | None, name: str) -> list[Picture]:
    """Of a fit, a bootstrap or ratings; `name` is that of the sheet in the page."""
    if errors is None:
        return []
    draw = partial(plots.plot_ratings, fit, level=level, errors=errors)
    return [Picture(inline_svg(draw, f"{name}-0", "Ratings"), "Ratings, with their intervals.")]
