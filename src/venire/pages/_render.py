"""A page's HTML: the template filled, scripts inlined and vouched for by their hashes."""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cache
from importlib import resources
from typing import Any

from venire._core.extras import folder_of, needs

__all__ = ["rendered"]

_EXPORT = re.compile(r"export\s*\{[^{}]*?(\w+) as default[^{}]*\}")


def rendered(**parts: Any) -> str:
    """The page of these parts of the template."""
    jinja2 = needs("jinja2", "a page")
    table, style = _table_script()
    scripts = [_inlined(table), _inlined(_own("page.js"))]
    world = jinja2.Environment(
        loader=jinja2.FunctionLoader(_own), autoescape=True, undefined=jinja2.StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    world.policies["json.dumps_kwargs"] = {"ensure_ascii": False, "separators": (",", ":")}
    markup = needs("markupsafe", "a page").Markup
    return world.get_template("page.html").render(
        parts,
        scripts=[markup(text) for text in scripts],
        hashes=[_hashed(text) for text in scripts],
        styles=[markup(style), markup(_own("page.css"))],
    )


def _own(name: str) -> str:
    """A file that comes with the package."""
    return resources.files("venire.pages").joinpath("templates", name).read_text(encoding="utf-8")


@cache
def _table_script() -> tuple[str, str]:
    """DataTables as itables brings it, and its styles; the page's own script finds it by name."""
    folder = folder_of("itables", "a page") / "html"
    script = folder.joinpath("dt_bundle.js").read_text(encoding="utf-8")
    found = _EXPORT.search(script)
    if found is None:
        raise ImportError("a page needs itables >= 2.3: this one's script exports no table")
    script = f"{script[: found.start()]}globalThis.DataTable={found[1]};{script[found.end() :]}"
    return script, folder.joinpath("dt_bundle.css").read_text(encoding="utf-8")


def _inlined(script: str) -> str:
    """A script as it may stand in HTML, whose parser knows nothing of strings."""
    script = script.replace("\r\n", "\n").replace("\r", "\n")
    return re.sub(r"<(?=/script|!--|script)", r"\\x3c", script, flags=re.IGNORECASE)


def _hashed(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
