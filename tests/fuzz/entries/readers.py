"""Readers of files, writers of tables, fits of files, and the commands."""

from __future__ import annotations

import contextlib
import functools
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec
import pyarrow as pa
import typer

import venire as vn
from fuzz.case import EXPECTED, Case, entry
from fuzz.entries.data import WORDS, frame_options, probabilities
from fuzz.files import damaged, table_file
from venire import Columns, batch, cli
from venire import io as vio
from venire.cli import _app


@functools.cache
def built() -> Any:
    """The commands: Typer would build them anew at each call, most of the time of a case."""
    return typer.main.get_command(_app.app)


@contextlib.contextmanager
def built_once() -> Iterator[None]:
    """The command line with the commands as they were built before; for this call alone."""
    app, command = _app.app, built()
    _app.app = command
    try:
        yield
    finally:
        _app.app = app


FILES = (*EXPECTED, OSError)


def comparison_file(case: Case, *, group: bool = False) -> tuple[Path, dict[str, Any]]:
    columns, options = frame_options(case)
    n = len(columns["one"])
    if group:
        columns["q"] = case.column(case.names(3), n)
        options["group"] = "q"
    elif case.chance(0.15):
        columns["user"] = case.column(case.names(3), n)
        options["cluster"] = "user"
    if case.chance(0.2):
        columns["unnamed"] = case.column([1, "x", None, 2.5, "2020-01-01", [1]], n)
    return table_file(case, columns), options


@entry
def read_comparisons(case: Case) -> None:
    path, options = comparison_file(case)
    c = case.call(vio.read_comparisons, path, **case.spoil(options, 0.15), allow=FILES)
    case.finite("a mass", c.win, c.loss, c.tie)
    case.call(repr, c)


@entry
def read_elsewhere(case: Case) -> None:
    path, options = comparison_file(case)
    memory = fsspec.filesystem("memory")
    memory.store.clear()
    memory.pipe_file(f"/fuzz/{path.name}", path.read_bytes())
    head = case.choice(
        ("memory://", "memory:/", "MEMORY://", "memory:///", "nix://", "file://", "x::memory://")
    )
    tail = case.choice(
        (f"fuzz/{path.name}", "fuzz", "fuzz/*", "", "*", "[", "fuzz//", "a@b?c#d", "\0")
    )
    allow = (*FILES, ImportError)
    case.call(vio.read_comparisons, head + tail, **case.spoil(options, 0.1), allow=allow)
    case.call(vio.write_table, {"a": [1]}, f"{head}{tail}.csv", allow=allow)


@entry
def read_grouped(case: Case) -> None:
    path, options = comparison_file(case, group=True)
    g = case.call(vio.read_grouped, path, **case.spoil(options, 0.15), allow=FILES)
    case.call(repr, g)


def vote_file(case: Case) -> tuple[Path, dict[str, Any]]:
    n = case.whole(1, 12)
    columns: dict[str, Any] = {"judge": case.column(case.names(3), n)}
    options: dict[str, Any] = {"teacher": "judge"}
    first, second = case.pairs(case.names(4), n)
    if case.chance(0.5):
        columns["p"] = case.column(case.names(4), n)
        options["pair"] = "p"
    else:
        columns |= {"one": first, "two": second}
        options |= {"first": "one", "second": "two"}
    if case.chance(0.7):
        columns["v"] = case.choice((case.votes(n), case.column(WORDS, n), first))
        options["vote"] = "v"
        if case.chance(0.3):
            columns["u"] = case.votes(n)
            options |= {"vote": ["v", "u"], "swapped": "u"}
    else:
        p = probabilities(case, n)
        columns |= {k: [row[i] for row in p] for i, k in enumerate("xyz")}
        options["probabilities"] = list("xyz")
    if case.chance(0.2):
        columns["g"] = case.column([1, -1, 0, None, "first", "B"], n)
        options["gold"] = "g"
    if case.chance(0.2):
        columns["w"] = case.weights(n)
        options["weight"] = "w"
    return table_file(case, columns), options


@entry
def read_votes(case: Case) -> None:
    path, options = vote_file(case)
    options |= case.some({"memory": case.choice(("2GiB", 1 << 31, 1, "much", 0, -1.5))})
    v = case.call(vio.read_votes, path, **case.spoil(options, 0.15), allow=FILES)
    case.call(repr, v)


@entry
def read_table(case: Case) -> None:
    path, options = comparison_file(case)
    case.try_(vio.columns_in, path, allow=FILES)
    names = {k: v for k, v in options.items() if isinstance(v, str)}
    if case.chance(0.1):
        names["first"] = case.choice(("nowhere", "", 1, None))
    t = case.call(vio.read_table, path, names, labels=("first", "second"), allow=FILES)
    case.call(repr, t)
    case.call(t.located, ValueError("x"))


@entry
def read_teachers(case: Case) -> None:
    rows = [{"name": n, "sharpness": 2.0} | case.some({"cost": 1, "own_error": 0.5}) for n in "ab"]
    if case.chance(0.4):
        rows[0][case.choice(("name", "sharpness", "odd"))] = case.choice(
            (None, "x", [], 1e999, True, "")
        )
    ending = case.choice((".csv", ".json", ".toml", ".txt"))
    if ending == ".csv":
        keys = list(dict.fromkeys(k for row in rows for k in row))
        text = "\n".join(
            [",".join(keys)] + [",".join(str(r.get(k, "")) for k in keys) for r in rows]
        )
    elif ending == ".json":
        text = json.dumps(
            case.choice((rows, {"teacher": rows}, {"teacher": rows, "ambiguous": 0.1}))
        )
    else:
        text = "\n".join(
            "[[teacher]]\n" + "\n".join(f"{k} = {json.dumps(v)}" for k, v in r.items())
            for r in rows
        )
    data = text.encode()
    if case.chance(0.3):
        data = damaged(case, data)
    path = case.path(ending)
    path.write_bytes(data)
    shared = case.some({"shared_error": 0.1, "ambiguous": 0.2})
    case.call(repr, case.call(vio.read_teachers, path, **case.spoil(shared, 0.3), allow=FILES))


@entry
def write_table(case: Case) -> None:
    n = case.whole(0, 4)
    table: dict[str, Any] = {"item": case.column(case.names(3), n), "theta": case.floats(n)}
    ending = case.choice(
        (
            ".csv",
            ".tsv",
            ".json",
            ".jsonl",
            ".parquet",
            ".arrow",
            ".feather",
            ".md",
            ".html",
            ".tex",
            ".xyz",
            "",
        )
    )
    path = case.path(ending)
    case.try_(vio.check_writable, path, allow=FILES)
    if case.chance(0.3):
        table["odd"] = case.array(n)
    case.call(
        vio.write_table,
        table,
        path,
        **case.some({"metadata": {"a": "é"}, "header": ["<a|b"], "notes": ["$x_1$"]}),
        allow=(*FILES, pa.ArrowException),
    )
    case.call(vio.columns_in, path, allow=FILES)


@entry
def table_writer(case: Case) -> None:
    schema = pa.schema([("item", pa.string()), ("theta", pa.float64())])
    path = case.path(case.choice((".csv", ".parquet", ".arrow", ".jsonl", ".html", ".md", ".xyz")))
    table = pa.table({"item": ["a"], "theta": [1.0]})
    if case.chance(0.2):
        table = case.choice((pa.table({"item": ["a"]}), pa.table({}), None, {"item": ["a"]}))
    with case.call(vio.TableWriter, path, schema, allow=FILES) as writer:
        case.call(writer.write, table, allow=(*FILES, pa.ArrowException, AttributeError, KeyError))


# ---- fits of files ------------------------------------------------------------------------------


def groups_options(case: Case) -> dict[str, Any]:
    return case.some(
        {
            "model": lambda: case.choice(("bradley-terry", "davidson", "thurstone")),
            "prior": lambda: case.choice((None, vn.GaussianPrior(0.1))),
            "order_effect": True,
            "tol": 1e-6,
            "max_iter": 20,
            "errors": None,
            "scale": "elo",
            "memory": lambda: case.choice((1 << 26, 1 << 30)),
            "n_threads": 2,
        },
        0.2,
    )


def fit_files(case: Case, output: Path, path: Path, columns: Any, **given: Any) -> Any:
    listed = case.call(Columns, **case.spoil(columns, 0.1))
    given = case.spoil(given, 0.1, keep=("executor",))
    return case.call(batch.fit_files, path, output, listed, **given, allow=FILES)


@entry
def fit_files_here(case: Case) -> None:
    path, columns = comparison_file(case, group=True)
    options = groups_options(case) | case.some({"shared": True}, 0.1)
    output = case.folder / f"out{case.choice(('.csv', '.parquet', '.jsonl'))}"
    out = fit_files(case, output, path, columns, **options)
    case.get(out, "converged")
    case.call(repr, out)


@functools.cache
def _client() -> Any:
    from distributed import Client

    return Client(processes=False, n_workers=1, threads_per_worker=1, dashboard_address=None)


@entry
def fit_files_on_a_cluster(case: Case) -> None:
    path, columns = comparison_file(case, group=True)
    output = case.folder / "out.parquet"
    fit_files(case, output, path, columns, executor=_client(), **groups_options(case))


@entry
def fit_arrow_tables(case: Case) -> None:
    columns, options = frame_options(case)
    columns["q"] = case.column(case.names(3), len(columns["one"]))
    try:
        rows = pa.table({str(name): pa.array(list(x)) for name, x in columns.items()})
    except (pa.ArrowException, TypeError, ValueError):  # columns that Arrow does not have
        rows = columns
    given = {k: x for k, x in groups_options(case).items() if k != "memory"}
    named = case.spoil({**options, "group": "q"}, 0.1)
    out = case.call(batch.fit_arrow, rows, named, **case.spoil(given, 0.1), allow=FILES)
    case.get(out, "schema")


# ---- the commands -------------------------------------------------------------------------------


def run(case: Case, *words: Any) -> None:
    """A command, which answers with an exit code whatever happens."""
    text = [str(w) for w in words if w is not None]
    quiet = contextlib.redirect_stdout, contextlib.redirect_stderr
    with quiet[0](io.StringIO()), quiet[1](io.StringIO()), built_once():
        code = case.call(cli.main, text, allow=())
    if code not in (0, 1, 2, 3, 4):
        case.note("exception", f"exit code {code!r}")


def flags(options: dict[str, Any], names: tuple[str, ...]) -> list[Any]:
    out: list[Any] = []
    for name in names:
        if isinstance(options.get(name), str):
            out += [f"--{name.replace('_', '-')}", options[name]]
    return out


def noise(case: Case) -> list[Any]:
    """Further words of a command: right ones, and sometimes one that is not."""
    out: list[Any] = []
    for flag, values in (
        ("--model", ("davidson", "thurstone", "rao-kupper", "bt")),
        ("--prior", ("0.1", "none", "auto", "x")),
        ("--tol", ("1e-6", "0", "nan", "x")),
        ("--max-iter", ("5", "0", "99999999999999999999")),
        ("--threads", ("2", "0", "100000", "3000000000")),
        ("--bootstrap", ("3", "1", "-1", "x")),
        ("--seed", ("1", "-1", "1e3", "18446744073709551616")),
        ("--level", ("0.9", "1", "nan", "2")),
        ("--scale", ("elo", "logit", "x")),
        ("--top", ("1", "-1")),
    ):
        if case.chance(0.07):
            out += [flag, values[0] if case.chance(0.6) else case.choice(values)]
    for flag in ("--order-effect", "--json", "--quiet", "--errors=none", "--nonsense"):
        if case.chance(0.07):
            out.append(flag)
    if case.chance(0.2):
        out += [
            "-o",
            case.folder / f"out{case.choice(('.csv', '.parquet', '.json', '.jsonl', '.xyz'))}",
        ]
    return out


COLUMNS = (
    "first",
    "second",
    "outcome",
    "score",
    "first_score",
    "second_score",
    "win",
    "loss",
    "tie",
    "weight",
    "order",
    "neutral",
    "cluster",
    "group",
    "teacher",
    "pair",
    "gold",
    "swapped",
)


@entry
def command_fit(case: Case) -> None:
    path, options = comparison_file(case)
    run(case, "fit", path, *flags(options, COLUMNS), *noise(case))


@entry
def command_audit(case: Case) -> None:
    path, options = comparison_file(case)
    words = flags(options, COLUMNS)
    words += ["--json"] if case.chance(0.3) else []
    words += ["--strict"] if case.chance(0.2) else []
    words += ["--order-effect"] if case.chance(0.2) else []
    words += ["-o", case.folder / "out.csv"] if case.chance(0.3) else []
    run(case, "audit", path, *words)


@entry
def command_report(case: Case) -> None:
    path, options = comparison_file(case, group=case.chance(0.2))
    words = flags(options, COLUMNS) + case.choice(([], ["--no-audit"], ["--errors", "none"]))
    words += case.choice(([], ["--title", "<b>"], ["--by", "nowhere"], ["--scale", "elo"]))
    run(case, "report", path, *words, "-o", case.folder / case.choice(("out.html", "out.png")))


@entry
def command_groups(case: Case) -> None:
    path, options = comparison_file(case, group=True)
    words = flags(options, COLUMNS) + noise(case)
    if "-o" not in words:
        words += ["-o", case.folder / "out.csv"]
    run(case, "groups", path, *words)


@entry
def command_consensus(case: Case) -> None:
    path, options = vote_file(case)
    words = flags(options, COLUMNS)
    votes = options.get("vote", [])
    for name in [votes] if isinstance(votes, str) else votes:
        words += ["--vote", name]
    if "probabilities" in options:
        words += ["--probabilities", *options["probabilities"]]
    words += ["--json"] if case.chance(0.2) else []
    words += ["-o", case.folder / "out.csv"] if case.chance(0.3) else []
    words += case.choice(([], [], ["--method", "correlated"], ["--rho", "x"], ["--level", "7"]))
    run(case, "consensus", path, *words)


@entry
def command_judges(case: Case) -> None:
    path, options = vote_file(case)
    words = flags(options, COLUMNS)
    votes = options.get("vote", [])
    for name in [votes] if isinstance(votes, str) else votes:
        words += ["--vote", name]
    if "probabilities" in options:
        words += ["--probabilities", *options["probabilities"]]
    words += ["--json"] if case.chance(0.2) else []
    words += ["-o", case.folder / "out.csv"] if case.chance(0.3) else []
    words += case.choice(([], [], ["--signed"], ["--prior", "none"], ["--rounds", "x"],
                          ["--converge"]))  # fmt: skip
    run(case, "judges", path, *words)


@entry
def command_rate(case: Case) -> None:
    path, options = vote_file(case)
    words = flags(options, COLUMNS)
    votes = options.get("vote", [])
    for name in [votes] if isinstance(votes, str) else votes:
        words += ["--vote", name]
    words += ["--by", options["group"]] if "group" in options and case.chance(0.3) else []
    words += ["--json"] if case.chance(0.2) else []
    words += ["--bootstrap", "4"] if case.chance(0.2) else []
    words += ["-o", case.folder / "out.csv"] if case.chance(0.3) else []
    words += case.choice(([], [], ["--prior", "none"], ["--rho", "x"], ["--level", "7"]))
    run(case, "rate", path, *words)


@entry
def command_distill(case: Case) -> None:
    import shutil

    folder = case.folder / "loop"
    shutil.rmtree(folder, ignore_errors=True)
    k = case.whole(2, 5)
    columns = {
        "topic": ["q"] * k + ["r"] * k,
        "item": case.names(k) * 2,
        "gold": case.floats(2 * k),
    }
    path = table_file(case, columns)
    run(
        case,
        "distill",
        "init",
        folder,
        path,
        "--group",
        "topic",
        "--item",
        "item",
        "--gold",
        "gold",
        "--teacher",
        "ann",
        "--teacher",
        "bea",
        "--bridges",
        case.choice((0, 2)),
    )
    requests = case.folder / "requests.csv"
    requests.unlink(missing_ok=True)
    run(case, "distill", "ask", folder, "-o", requests)
    if requests.exists():
        lines = requests.read_text().splitlines()
        words = ("first", "second", "tie", "1", "-1", "0", "", "x")
        answers = [line + "," + case.choice(words[: case.choice((2, 8))]) for line in lines[1:]]
        told = case.folder / "answers.csv"
        data = "\n".join([lines[0] + ",vote", *answers]).encode()
        told.write_bytes(damaged(case, data) if case.chance(0.3) else data)
        run(case, "distill", "tell", folder, told, *case.choice(([], ["--vote", "vote"])))
        ranked = case.choice((["--place", "first"], ["--ranking", "request", "--item", "second"]))
        more = [*case.choice(([], ["--group", "group"])), *case.choice(([], ["--replace"]))]
        run(case, "distill", "tell", folder, told, *ranked, "--teacher", "teacher", *more)
    run(case, "distill", case.choice(("report", "status", "targets", "fit")), folder,
        *case.choice(([], ["-o", case.folder / "out.csv"])))  # fmt: skip


@entry
def command_simulate(case: Case) -> None:
    words = [
        "--groups",
        case.choice(("1", "2", "x", "-1")),
        "--items",
        case.choice(("3", "4", "0")),
        "--seeds",
        case.choice(("1", "2")),
        "--degree",
        "2",
    ]
    words += case.choice(([], ["-o", case.folder / "plan.csv"], ["--json"], ["--level", "3"]))
    run(case, "simulate", *words)


@entry
def command_data(case: Case) -> None:
    chosen = [case.choice((*vn.datasets.names(), "battels", "../battles", "")) for _ in range(2)]
    words = chosen[: case.whole(0, 2)]
    words += case.choice(([], ["--json"], ["--overwrite"], ["-q"]))
    run(case, "data", *words, "-o", case.choice((case.folder, case.folder / "nowhere")))


@entry
def read(case: Case) -> None:
    path, options = comparison_file(case, group=case.chance(0.3))
    some = case.some({k: v for k, v in options.items() if k != "group"}, 0.5)
    some |= case.some({"as_": lambda: case.choice(("auto", "comparisons", "votes", "groups"))})
    found = case.call(vn.read, path, **case.spoil(some, 0.15), allow=FILES)
    case.get(found, "columns")
    case.call(str, found.taken)


@entry
def scanner(case: Case) -> None:
    """A source, looked at and read, however it is said to be written."""
    path, _ = comparison_file(case)
    how = {
        "delimiter": case.choice((",", ";", "tab")),
        "encoding": case.choice(("utf-8", "cp1252")),
        "decimal": case.choice((".", ",")),
    }
    dialect = case.call(vio.Dialect, **case.spoil(case.some(how), 0.3))
    found = case.call(vio.Scanner, path, dialect, allow=FILES)
    case.call(found.format, allow=FILES)
    names = case.call(found.sample, case.whole(1, 20), allow=FILES)
    wanted = {f"argument {k}": name for k, name in enumerate(list(names)[:3])}
    tables = case.call(found.tables, wanted, [*wanted][:2], case.whole(1, 9), allow=FILES)
    case.call(list, tables.pieces, allow=FILES)
    case.get(found, "notes")
    case.call(found.place, 0)
