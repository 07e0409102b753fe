"""docs/warnings.md has all that the package can say of itself, and nothing else."""

from __future__ import annotations

import ast
import re
from functools import cache

import console
import house

PAGE = console.DOCS / "warnings.md"
TEXT = PAGE.read_text(encoding="utf-8")
HEADS = re.findall(r"^#{3,4} (.+)$", TEXT, re.MULTILINE)
# How a file was read is told by the pages on data, and what stands above pictures is their own.
OTHERS = ("data", "io", "reference", "plots", "pages")
NOTES = {"note", "notes", "notices", "remarks"}
NO_NOTES = {"fail", "misused", "steps", "Fitted"}  # errors and progress have texts of their own
REASONS = {"is for at most", "must be a regressor with fit, predict and get_params"}  # of errors
LONG = 4  # words from which a piece of a message must stand on the page


def plain(text):
    """In one line, without what makes comments and emphasis of it."""
    text = re.sub(r"^(# ?|venire: )", "", text, flags=re.MULTILINE)
    return " ".join(re.sub(r"[*`]", "", text).split())


@cache
def functions():
    """Every function of the package, with the file it stands in."""
    return [
        (path, node)
        for path in house.python_files()
        if house.part_of(path) not in OTHERS
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef)
    ]


def name_of(node):
    return getattr(node, "attr", getattr(node, "id", ""))


def warns(function):
    return any(
        isinstance(node, ast.Call) and name_of(node.func) == "warn" for node in ast.walk(function)
    )


def notes(function):
    """Whether a function makes notes: gives such a name a text, or adds one to it."""
    for node in ast.walk(function):
        given = isinstance(node, (ast.Assign, ast.AugAssign))
        for target in getattr(node, "targets", [getattr(node, "target", None)]) if given else ():
            if name_of(target) in NOTES:
                return True
        func = getattr(node, "func", None)
        if name_of(func) in ("append", "extend") and name_of(getattr(func, "value", None)) in NOTES:
            return True
    return False


def pieces(function):
    """The texts in a function, without its docstring: what stands between values."""
    body = function.body[1:] if ast.get_docstring(function) else function.body
    others = [
        n
        for part in body
        for n in ast.walk(part)
        if isinstance(n, (ast.Raise, ast.Compare))
        or (isinstance(n, ast.Call) and name_of(n.func) in NO_NOTES)
    ]
    inside = {id(n) for other in others for n in ast.walk(other)}
    return [
        node.value
        for part in body
        for node in ast.walk(part)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inside
    ]


def sources():
    """Functions whose texts are warnings or notes."""
    more = {"errors_note", "_trouble", "_no_fit_note", "warn_of_left_out", "_notices", "_positions"}
    return [
        (path, f) for path, f in functions() if warns(f) or notes(f) or f.name in more or
        (f.name == "note" and path.name == "_sampled.py")
    ]  # fmt: skip


def test_every_warning_and_note_is_on_the_page():
    page = plain(TEXT)
    missing = {
        f"{path.name} {function.name}: {piece.strip()!r}"
        for path, function in sources()
        for piece in pieces(function)
        if len(piece.split()) >= LONG
        and piece.strip() not in REASONS
        and plain(piece).strip(" .;:,()") not in page
    }
    assert not missing, "\n".join(sorted(missing))


def test_quoted_headings_are_words_of_a_note():
    said = " ".join(piece for _, function in sources() for piece in pieces(function))
    said = " ".join(said.split())
    for head in HEADS:
        if head.startswith('"'):
            assert head.strip('"') in said, head


def first_texts(calls=(), yields=False):
    """First arguments of calls by these names, and of tuples that are yielded, where texts."""
    found = []
    for path, function in functions():
        for node in ast.walk(function):
            if isinstance(node, ast.Call) and name_of(node.func) in calls and node.args:
                found.append((path, node.args[0]))
            elif yields and isinstance(node, ast.Yield) and isinstance(node.value, ast.Tuple):
                found.append((path, node.value.elts[0]))
    return [(path, x.value) for path, x in found if isinstance(x, ast.Constant)]


def headed(start, end=None):
    """The headings of a section, each name by itself."""
    text = TEXT[TEXT.index(f"\n## {start}\n") :]
    text = text[: text.index(f"\n## {end}\n")] if end else text
    heads = re.findall(r"^#{3,4} (.+)$", text, re.MULTILINE)
    return {name for head in heads for name in head.split(" / ")}


@cache
def shown():
    """Names that examples ask for, and print what is said under them."""
    statements = [
        (node, block.text.splitlines()[node.end_lineno : node.end_lineno + 1])
        for block in console.blocks(PAGE)
        if block.language == "python"
        for node in ast.parse(block.text).body
    ]
    return {
        x.value
        for node, below in statements
        if below and below[0].startswith("# ") and any(name_of(n) == "say" for n in ast.walk(node))
        for x in ast.walk(node)
        if isinstance(x, ast.Constant)
    }


def test_notices_and_the_page_are_the_same():
    found = {
        "Notices of a consensus": "_notices.py", "Notices of ratings over prompts": "_notes.py",
        "Notices of judges in the likelihood": "_judge_notes.py",
    }  # fmt: skip
    sections = [*found, "Findings of an audit"]
    for k, (section, file) in enumerate(found.items()):
        names = {name for path, name in first_texts(yields=True) if path.name == file}
        assert len(names) > 5
        assert headed(section, sections[k + 1]) == names
        assert names - shown() <= {"not converged"}


def test_findings_and_the_page_are_the_same():
    names = {
        name
        for path, name in first_texts(calls=("Finding", "said"))
        if house.part_of(path) == "diagnostics"
    }
    names |= {"undefeated", "winless", "covariates"}  # given by a variable
    groups = {"Who met whom", "Rows and labels", "Results", "Voters and time"}
    assert headed("Findings of an audit") - groups == names
    assert names <= shown()
    guide = (console.DOCS / "guide" / "audit.md").read_text(encoding="utf-8")
    assert not [name for name in names - {"voters"} if f"`{name}`" not in guide]


def test_every_class_has_an_entry():
    """Exceptions and warnings that callers can meet; those of commands never leave them."""
    classes = {
        node.name
        for path in house.python_files()
        if house.part_of(path) != "cli"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef)
        and any(re.search("Error|Warning|BadInput|Exception", name_of(b)) for b in node.bases)
    }
    base = {"BadInput", "BadValueError", "BadTypeError"}  # of ValueError and TypeError
    classes -= {"Damaged"}  # of a record: caught where one is read
    assert base < classes
    assert "BadValueError" in TEXT
    known = headed("Errors", "Warnings") | headed("Warnings", "Notes of a fit")
    builtin = {"ValueError and TypeError", "ImportError", "RuntimeWarning"}
    assert known == (classes - base) | builtin
