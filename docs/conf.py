"""Sphinx's configuration: `make docs` builds docs/_build/html, without a network."""

from __future__ import annotations

from importlib import import_module

import latex2mathml.converter
import numpydoc.xref
from docutils import nodes

import venire

project = "venire"
author = copyright = "The venire developers"
version = release = venire.__version__

extensions = [
    "myst_nb",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.viewcode",
    "sphinx_copybutton",
    "sphinx_design",
]
default_role = "py:obj"  # `name` in docstrings; see _elsewhere_or_word
nitpicky = True
exclude_patterns = ["_build", "**/.ipynb_checkpoints"]
templates_path = ["_templates"]
html_static_path = ["_static"]
html_css_files = ["venire.css"]

# --- pages ------------------------------------------------------------------------------------

myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 4
myst_links_external_new_tab = False
copybutton_exclude = ".linenos, .gp, .go"  # the input alone, of consoles and sessions

# --- notebooks: executed at each build; an error in one is an error of the build -----------------

nb_execution_mode = "force"
nb_execution_raise_on_error = True
nb_execution_in_temp = True  # what they write is nobody's
nb_execution_timeout = 240
nb_merge_streams = True

# --- the interface: what `__all__` names ----------------------------------------------------------

autosummary_generate = True
autosummary_ignore_module_all = False
autosummary_imported_members = True


def _elsewhere():
    """Where a name of a namespace is described, if it is one of the top level."""
    for part in sorted(set(dir(venire)) - {*venire.__all__}):
        module = import_module(f"venire.{part}") if part[0] != "_" else None
        for name in getattr(module, "__all__", ()):
            if name in venire.__all__ and getattr(venire, name) is getattr(module, name):
                yield f"venire.{part}.{name}", f"venire.{name}"


autosummary_context = {"elsewhere": dict(_elsewhere())}
autodoc_typehints = "none"  # numpydoc says them, with shapes and units
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False
numpydoc_xref_param_type = True
numpydoc.xref.DEFAULT_LINKS.clear()  # of int and the like, to pages on the network
numpydoc_xref_ignore = "all"  # but what is public
numpydoc_xref_aliases = {name: f"venire.{name}" for name in venire.__all__ if name[0].isupper()}

html_theme = "pydata_sphinx_theme"
html_title = "venire"
html_show_sourcelink = False
html_sidebars = {page: [] for page in ("start", "paths", "cli", "install", "benchmarks", "scale")}
html_theme_options = {
    "header_links_before_dropdown": 6,
    "navigation_with_keys": False,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
}


def _formula(writer, node, display):
    """A formula as MathML: browsers draw it, without scripts, fonts or a network."""
    writer.body.append(latex2mathml.converter.convert(node.astext(), display=display))
    raise nodes.SkipNode


def _skipped(app, what, name, member, skip, options):
    """Whether a member is of another package: of dict, or of scikit-learn's estimators."""
    owner = getattr(member, "__objclass__", getattr(member, "fget", member))
    return skip or not (getattr(owner, "__module__", None) or "venire").startswith("venire")


def _signature(app, what, name, member, options, signature, returned):
    """Results are made by functions: what these hand to a class is nobody's to call it with."""
    if what == "class" and signature and " _" in signature:
        return "", returned
    return None


def _elsewhere_or_word(app, env, node, content):
    """`fit_groups` is that of the top level; what is nothing's name, an argument's, is a word."""
    if node.get("reftype") != "obj":
        return None
    domain, target = env.get_domain("py"), f"venire.{node['reftarget']}"
    where = node["refdoc"], app.builder
    return domain.resolve_xref(env, *where, "obj", target, node, content) or content


def setup(app):
    app.connect("missing-reference", _elsewhere_or_word)
    app.connect("autodoc-skip-member", _skipped)
    app.connect("autodoc-process-signature", _signature)
    app.add_html_math_renderer(
        "mathml",
        inline_renderers=(lambda writer, node: _formula(writer, node, "inline"), None),
        block_renderers=(lambda writer, node: _formula(writer, node, "block"), None),
    )


html_math_renderer = "mathml"
