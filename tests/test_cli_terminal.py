"""What the command prints: nothing is executed, tables fit, messages lead on, logs are told."""

from __future__ import annotations

import fcntl
import io
import json
import os
import pty
import re
import struct
import subprocess
import sys
import termios
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from typer.testing import CliRunner

import venire as vn
from venire._core.shown import visible, width
from venire.cli import _progress
from venire.cli._app import app
from venire.cli._terminal import Grid, Screen, escaped, folded, shortened

COMMON = ("--first", "a", "--second", "b", "--score", "s")
NASTY = [
    "\x1b[31mred\x1b]0;title\x07", "line\nbreak", "tab\there", "a\u202ecba", "bell\x07",
    "csi\x9b31m", "zero\u200bwidth", "\ufeffbom", "del\x7f", "tag\U000e0041", "back\rward",
    "sep\u2028here",
]  # fmt: skip
LONG = [f"a model with a name that goes on and on and ends in version {k}" for k in range(4)]
WIDE = ["日本語のモデルの名前がとても長い", "한국어 모델 이름", "👩‍🚀 astronaut", "é́ marks"]
ACTING = re.compile(
    r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff]"
)


def table(path, labels):
    rows = ["a,b,s"]
    quoted = ['"' + label.replace('"', '""') + '"' for label in labels]
    for k, one in enumerate(quoted):
        for step in (1, 2):
            rows.append(f"{one},{quoted[(k + step) % len(quoted)]},1")
    path.write_text("\n".join(rows) + "\n", encoding="utf-8", newline="")
    return path


def process(*arguments, columns=None, binary=False, **environment):
    env = os.environ | {"COLUMNS": str(columns)} if columns else dict(os.environ)
    if not columns:
        env.pop("COLUMNS", None)
    run = subprocess.run(
        [sys.executable, "-m", "venire.cli", *map(str, arguments)], capture_output=True,
        env=env | environment, timeout=120,
    )  # fmt: skip
    return run


def on_a_terminal(columns, *arguments, **environment):
    """What a command prints on a terminal of so many columns, and its exit code."""
    pid, fd = pty.fork()
    if pid == 0:  # the child: the command itself
        fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
        env = os.environ | {"TERM": "xterm-256color"} | environment
        env.pop("COLUMNS", None)
        words = [sys.executable, "-m", "venire.cli", *map(str, arguments)]
        os.execve(sys.executable, words, env)
    out = b""
    while True:
        try:
            part = os.read(fd, 1 << 16)
        except OSError:
            break
        if not part:
            break
        out += part
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    os.close(fd)
    return out.decode(errors="replace"), code


def lines_of(text):
    """Lines on the terminal, without the bar and what clears it."""
    text = text.replace("\r\n", "\n")
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text[text.rfind("\x1b[?25h") + 6 :])
    return text.splitlines()


# ---- text ----------------------------------------------------------------------------------------


@given(st.text())
def test_any_text_is_one_line_that_does_nothing(text):
    shown = visible(text)
    assert shown.splitlines() in ([shown], [])
    for c in shown:
        assert unicodedata.category(c) not in ("Cc", "Cs", "Cn", "Co", "Zl", "Zp")
        assert unicodedata.category(c) != "Cf" or c in "\u200c\u200d"
    assert visible(shown) == shown


@given(st.text(st.characters(exclude_categories=["C", "Z"])))
def test_what_does_no_harm_stays(text):
    assert visible(text) == text


def test_joiners_stay_where_they_are_needed():
    for text in ("👩‍🚀", "می‌خواهم", "क्‍ष", "日本 語\u3000名"):
        assert visible(text) == text
    assert visible("pass\u200dword") == r"pass\u200dword"


@given(st.lists(st.text(), min_size=1, max_size=5))
def test_json_for_a_terminal(labels):
    document = escaped(json.dumps(labels, ensure_ascii=False, indent=1))
    assert json.loads(document) == labels
    assert not ACTING.search(document)


@settings(deadline=None)
@given(st.text(min_size=1), st.integers(20, 90))
def test_folding_loses_nothing(text, columns):
    text = visible(text)
    lines = folded(text, columns)
    words = [line.strip(" ") for line in lines]
    assert all(cell_len(line) <= columns or " " not in word
               for line, word in zip(lines, words, strict=True))  # fmt: skip
    assert "".join("".join(lines).split(" ")) == "".join(text.split(" "))


def test_folding_is_between_words():
    assert folded("aaaa bbbb cccc", 9) == ["aaaa bbbb", "cccc"]
    assert folded("  12 converged: q1", 80) == ["  12 converged: q1"]
    assert folded("a /path/of/a/file b", 8) == ["a", "/path/of/a/file", "b"]  # to be copied


def test_widths_without_the_extra():
    assert [width(x) for x in ("abc", "日本", "é", "e\u0301")] == [3, 4, 1, 1]


# ---- tables --------------------------------------------------------------------------------------


@given(st.lists(st.text(st.characters(exclude_categories=["C"])), max_size=12, unique=True),
       st.integers(4, 30))  # fmt: skip
def test_shortened_labels_are_distinct_and_fit(labels, columns):
    short = shortened([visible(label) for label in labels], columns)
    assert all(cell_len(text) <= columns for text in short)
    if columns >= 8:
        assert len(set(short)) == len(set(map(visible, labels)))


def test_where_labels_are_shortened():
    assert shortened(["short"], 10) == ["short"]
    assert shortened(["abcdefgh1", "abcdefgh2"], 6) == ["ab…gh1", "ab…gh2"]
    middle = ["x" * 20 + "1" + "y" * 20, "x" * 20 + "2" + "y" * 20]
    assert len(set(shortened(middle, 10))) == 2


@pytest.mark.parametrize("columns", [24, 40, 80, 200])
def test_a_grid_fits(columns):
    more = {"score": ["1.25"] * 8, "games": ["1,000"] * 8, "more": ["x" * 15] * 8}
    grid = Grid({"item": LONG + WIDE, **more}, ["item"], spare=("more", "games"))
    lines = grid.lines(columns)
    assert max(map(cell_len, lines)) <= columns
    text = "\n".join(lines)
    assert ("no room" in text) == (columns < 50)
    assert "score" in text
    rows = [line for line in lines if "1.25" in line]
    assert len(set(rows)) == 8


def test_least_important_columns_go_first():
    grid = Grid({"a": ["1" * 9], "b": ["2" * 9], "c": ["3" * 9]}, spare=("b", "c"))
    assert "no room for: b)" in "\n".join(grid.lines(22))
    assert "no room for: b, c" in " ".join(grid.lines(12))


@pytest.mark.parametrize("columns", [40, 80, 200])
def test_tables_fit_pipes_and_terminals(tmp_path, columns):
    path = table(tmp_path / "long.csv", LONG + WIDE)
    out = process("fit", path, *COMMON, "--bootstrap", "20", columns=columns).stdout.decode()
    shown, code = on_a_terminal(columns, "fit", path, *COMMON, "--bootstrap", "20")
    assert code == 0
    for lines in (out.splitlines(), lines_of(shown)):
        assert max(map(cell_len, lines)) <= columns
        rows = [line for line in lines if re.match(r" *=?\d+  ", line)]
        assert len(rows) == len(set(rows)) == 8
    assert ("no room for" in out) == (columns < 80)


def test_without_a_width_nothing_is_cut(tmp_path):
    out = process("fit", table(tmp_path / "long.csv", LONG + WIDE), *COMMON).stdout.decode()
    assert all(label in out for label in LONG + WIDE)


# ---- labels that act -----------------------------------------------------------------------------


def test_labels_are_not_executed(tmp_path):
    path = table(tmp_path / "nas\x1b[31mty.csv", NASTY)
    out = tmp_path / "out.csv"
    run = process("fit", path, *COMMON, "--top", 50, "-o", out)
    assert run.returncode == 0, run.stderr
    for stream in (run.stdout, run.stderr):
        assert not ACTING.search(stream.decode())
    for label in NASTY:
        assert visible(label) in run.stdout.decode()
    written = out.read_bytes().decode("utf-8")
    assert all(label in written for label in NASTY if label != "\ufeffbom")
    document = process("fit", path, *COMMON, "--json").stdout.decode()
    assert not ACTING.search(document.replace("\n", ""))
    items = {row["item"] for row in json.loads(document)["ratings"]}
    assert "\x1b[31mred\x1b]0;title\x07" in items
    shown, _ = on_a_terminal(80, "fit", path, *COMMON, "--top", 50)
    assert not ACTING.search("".join(lines_of(shown)).replace("\r", ""))


def test_groups_and_judges_are_not_executed(tmp_path):
    rows = ["g,a,b,s", '"q\x1b[31m",x,y,1', '"q\x1b[31m",y,x,1']
    (tmp_path / "g.csv").write_text("\n".join(rows) + "\n")
    arguments = ("groups", tmp_path / "g.csv", "--group", "g", *COMMON)
    run = process(*arguments, "-o", tmp_path / "o.csv")
    assert r"converged: q\x1b[31m" in run.stdout.decode()
    shown, _ = on_a_terminal(80, *arguments, "-q")  # a table of bytes goes to the terminal
    assert r"q\x1b[31m" in shown
    assert "\x1b[31m" not in shown
    assert b"\x1b[31m" in process(*arguments, "-q").stdout  # and as it is to a pipe
    votes = ["j,a,b,v", '"j\x1b[31m",x,y,first', "k,x,y,second", '"j\x1b[31m",y,z,first']
    (tmp_path / "v.csv").write_text("\n".join(votes) + "\n")
    run = process("consensus", tmp_path / "v.csv", "--teacher", "j", "--first", "a", "--second",
                  "b", "--vote", "v")  # fmt: skip
    assert run.returncode == 0, run.stderr
    assert r"j\x1b[31m" in run.stdout.decode()
    assert not ACTING.search((run.stdout + run.stderr).decode())


@pytest.mark.parametrize(
    "arguments",
    [
        ("fit", "no\x1b[31mfile.csv", *COMMON),
        ("fit", "x.csv", "--mod\x1b[31mel", "y"),
        ("f\x1b[31mit",),
        ("fit", "x.csv", *COMMON, "--model", "\x1b[31m"),
        ("fit", "x.csv", *COMMON, "--anchor", "\x1b[31m=inf"),
        ("fit", "x.csv", *COMMON, "--prior", "\x9b31m"),
        ("fit", "x.csv", "mo\x1b[31mre.csv", *COMMON),
    ],
)
def test_errors_are_not_executed(arguments):
    run = process(*arguments)
    assert run.returncode in (1, 2)
    assert not run.stdout
    assert not ACTING.search(run.stderr.decode())
    assert run.stderr.decode().startswith("venire: ")


def test_summaries_are_not_executed():
    c = vn.Comparisons(NASTY, [*NASTY[1:], NASTY[0]], 1.0)
    text = str(vn.fit_bradley_terry(c).summary())
    assert not ACTING.search(text)
    assert len({len(line) for line in text.splitlines() if "1.1" in line}) <= 3


@pytest.mark.parametrize(
    "environment",
    [
        {"PYTHONIOENCODING": "ascii"}, {"PYTHONIOENCODING": "latin-1"}, {"NO_COLOR": "1"},
        {"TERM": "dumb"}, {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    ],
)  # fmt: skip
def test_plain_terminals(tmp_path, environment):
    path = table(tmp_path / "wide.csv", WIDE + LONG)
    run = process("fit", path, *COMMON, columns=60, **environment)
    assert run.returncode == 0, run.stderr
    assert b"Traceback" not in run.stderr
    shown, code = on_a_terminal(60, "fit", path, *COMMON, **environment)
    assert code == 0
    assert "rank" in shown
    if "ascii" in environment.values():
        assert run.stdout.isascii()
        assert rb"\u65e5" in run.stdout
    if environment in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
        assert "\x1b[38" not in shown


# ---- messages that lead on -----------------------------------------------------------------------


def invoke(*arguments):
    return CliRunner().invoke(app, [str(x) for x in arguments], prog_name="venire")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["fit", "f.csv", *COMMON, "--model", "bt"], "did you mean 'bradley-terry'?"),
        (["fit", "f.csv", *COMMON, "--model", "Davidson"], "did you mean 'davidson'?"),
        (["fit", "f.csv", *COMMON, "--modle", "x"], "no option --modle; did you mean '--model'?"),
        (["fit", "f.csv", *COMMON, "--no-errors"], "did you mean '--errors'?"),
        (["fit", "f.csv", *COMMON, "--prior", ".5x"], "nor a precision > 0, as in 0.5"),
        (["fit", "f.csv", *COMMON, "--errors", "sandwich"], "fisher, robust, none"),
        (["fit", "f.csv", *COMMON, "--scale", "ELO"], "did you mean 'elo'?"),
        (["fit", "f.csv", *COMMON, "--anchor", "=3"], "'=3' is not of the form ITEM or ITEM=VALUE"),
        (["fit", "f.csv", *COMMON, "--cluster", "u"], "add --errors robust or --bootstrap"),
        (["fit"], "name a FILE, as in: venire fit results.csv"),
        (["distill", "tell"], "name a FOLDER"),
        (["ft"], "Did you mean 'fit'?"),
        (["distill", "rport"], "Did you mean 'report'?"),
    ],
)  # fmt: skip
def test_usage(arguments, message):
    run = invoke(*arguments)
    assert run.exit_code == 2
    assert message in run.stderr
    assert run.stderr.splitlines()[-1].startswith("try: venire")
    assert run.stdout == ""


@pytest.mark.parametrize("where", [(), ("fit",), ("distill",), ("distill", "report")])
def test_help(where):
    short, long = invoke(*where, "-h"), invoke(*where, "--help")
    assert short.exit_code == long.exit_code == 0
    assert short.output == long.output
    assert "Usage: venire" in short.output


def test_no_command_is_help():
    for where in ((), ("distill",)):
        run = process(*where)
        assert run.returncode == 2
        assert b"Commands" in run.stdout
        assert run.stderr.strip() == b""


def test_help_says_how_to_begin(tmp_path, monkeypatch):
    lines = [line.strip() for line in invoke("--help").stdout.splitlines()]
    begin = [line.split()[1:] for line in lines if line.startswith("venire ")]
    assert [words[0] for words in begin] == ["fit", "fit", "report"]
    monkeypatch.chdir(tmp_path)
    for words in (["data", "battles"], *begin):
        assert invoke(*words).exit_code == 0
    assert {path.name for path in tmp_path.iterdir()} == {
        "battles.csv",
        "ratings.png",
        "report.html",
    }


def test_an_unknown_anchor(tmp_path):
    path = table(tmp_path / "t.csv", ["gpt-4", "claude", "llama"])
    run = invoke("fit", path, *COMMON, "--anchor", "gpt4")
    assert run.exit_code == 1
    assert "no item is called 'gpt4'; did you mean 'gpt-4'?" in run.stderr


VOTES = vn.Votes(["x", "x"], ["y", "y"], ["judge", "other"], ["first", "second"])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda c: vn.fit_bradley_terry(c, prior=0.1), r"say GaussianPrior\(0.1\)"),
        (lambda c: vn.fit_groups(c), "fit_bradley_terry is for these"),
        (lambda c: vn.fit_bradley_terry(VOTES), r"read\(path, as_='comparisons'\)"),
        (lambda c: vn.consensus(c), r"fit_bradley_terry is for these"),
        (lambda c: vn.consensus(1), r"say Votes\(first, second, teacher, vote\)"),
        (lambda c: vn.fit_bradley_terry(["x"], ["y"], [1]), r"say Comparisons\(first"),
        (lambda c: vn.fit_bradley_terry("f.csv"), r"venire.read\(path\)"),
        (lambda c: vn.fit_bradley_terry(c, priors=None), "did you mean 'prior'"),
        (lambda c: vn.Comparisons(["x"], ["y"], ["first"]), r"from_frame\(..., outcome=\)"),
        (lambda c: vn.GroupedComparisons(["q"], ["x"], ["y"], ["first"]), "outcome="),
        (lambda c: vn.bootstrap(c), r"bootstrap\(fit_bradley_terry\(c\)\)"),
    ],
)  # fmt: skip
def test_python_leads_on(call, message):
    with pytest.raises(TypeError, match=message):
        call(vn.Comparisons(["x", "y"], ["y", "x"], [1.0, 1.0]))


def test_python_names_the_model():
    g = vn.GroupedComparisons(["q"], ["x"], ["y"], [1.0])
    with pytest.raises(ValueError, match="did you mean 'bradley-terry'"):
        vn.fit_groups(g, model="BT")


# ---- logs ----------------------------------------------------------------------------------------


def test_a_log_is_told_now_and_then(monkeypatch):
    monkeypatch.setattr(_progress, "EVERY", 0.02)
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    with _progress.progress(False) as steps, steps("reading \x1b[31mf.csv") as step:
        step.rows(25, 100)
        import time

        time.sleep(0.15)
    lines = stream.getvalue().splitlines()
    assert lines
    assert re.fullmatch(
        r"venire: reading \\x1b\[31mf.csv, 25 of 100 \(25.0%\), \d+ s, about \d+ s left", lines[0]
    )


def test_short_and_quiet_jobs_say_nothing(monkeypatch, tmp_path):
    path = table(tmp_path / "t.csv", ["x", "y", "z"])
    assert process("fit", path, *COMMON).stderr == b""
    monkeypatch.setattr(_progress, "EVERY", 0.01)
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    with _progress.progress(True) as steps, steps("reading"):
        pass
    assert stream.getvalue() == ""


def test_times():
    assert [_progress.time_of(x) for x in (3.2, 75, 7300)] == ["3 s", "1 min 15 s", "2 h 1 min"]


def test_a_stream_without_an_encoding():
    stream = io.StringIO()
    Screen(stream).line("a\x1bb …")
    assert stream.getvalue() == "a\\x1bb …\n"
