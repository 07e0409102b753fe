"""Files as people have them come to the right table in one command, without options."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest
import usual_files

import venire as vn

EVERY = usual_files.COMPARISONS | usual_files.VOTES


@pytest.fixture(scope="module")
def held(tmp_path_factory):
    """What each file holds, made once."""
    made = {}

    def of(kind):
        if kind not in made:
            made[kind] = EVERY[kind](tmp_path_factory.mktemp("kind"))
        return made[kind]

    return of


def run(command, held, *options):
    """The JSON document of a command on the file, and what standard error says."""
    words = [command, str(held.path), *options]
    code = f"import sys; from venire.cli import main; sys.exit(main({words!r}))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=120
    )
    return done.returncode, done.stdout, done.stderr


def answered(command, held, *options):
    """What the command says without options; with those that it asks for, where it may ask."""
    options = ("--json", *options)
    code, out, errors = run(command, held, *options)
    if held.question and code:
        assert code == 1, errors
        assert all(option in errors for option in held.cure), errors
        code, out, errors = run(command, held, *options, *held.cure)
    assert code == 0, errors
    document = json.loads(out)
    said = errors + " ".join(document["notes"])
    for name in held.taken:
        assert name in said, f"{name} is not said to be taken: {said}"
    if held.dropped:
        assert str(held.dropped) in said, said
    return document


def assert_rated(document, fit):
    """The document has the ratings of the fit."""
    found = {row["item"]: row["theta"] for row in document["ratings"]}
    expected = dict(zip(fit.items.tolist(), fit.theta.tolist(), strict=True))
    assert found == pytest.approx(expected, abs=1e-7)


@pytest.mark.parametrize("kind", usual_files.COMPARISONS)
def test_fit(kind, held):
    file = held(kind)
    c = vn.Comparisons(**file.columns)
    document = answered("fit", file)
    assert document["n_comparisons"] == c.n_comparisons
    prior = vn.GaussianPrior(document["prior"]) if document["prior"] else None
    assert prior is None or kind in ("annotations",), "all others have a fit without a prior"
    assert_rated(document, vn.fit_bradley_terry(c, prior=prior))


def test_fit_of_verdicts(held):
    """One judge's verdict is one comparison."""
    file = held("verdicts over prompts")
    first, second, vote = (file.columns[name] for name in ("first", "second", "vote"))
    c = vn.Comparisons(first, second, (1 + np.array(vote)) / 2)
    document = answered("fit", file)
    assert document["n_comparisons"] == len(vote)
    assert_rated(document, vn.fit_bradley_terry(c))


@pytest.mark.parametrize("kind", usual_files.VOTES)
def test_consensus(kind, held):
    file = held(kind)
    expected = vn.consensus(vn.Votes(**file.columns))
    document = answered("consensus", file)
    found = {row["teacher"]: row["share"] for row in document["teachers"]}
    frame = expected.teachers_frame("dict")
    shares = dict(zip(frame["teacher"].tolist(), frame["share"].tolist(), strict=True))
    assert found == pytest.approx(shares, abs=1e-9)


def test_rate_of_verdicts(held):
    file = held("verdicts over prompts")
    document = answered("rate", file)
    rated = vn.rate(vn.Votes(**file.columns))
    found = {row["item"]: row["theta"] for row in document["ratings"]}
    expected = dict(zip(rated.items.tolist(), rated.theta.tolist(), strict=True))
    assert found == pytest.approx(expected, abs=1e-7)


@pytest.mark.parametrize("kind", usual_files.COMPARISONS)
def test_read(kind, held):
    file = held(kind)
    options = {"skip_missing": True} if file.question else {}
    c = vn.read(file.path, **options)
    assert isinstance(c, vn.Comparisons)
    expected = vn.Comparisons(**file.columns)
    assert c.n_comparisons == expected.n_comparisons
    np.testing.assert_array_equal(np.sort(c.items), np.sort(expected.items))
    fits = [vn.fit_bradley_terry(x, prior=vn.GaussianPrior(0.01)) for x in (c, expected)]
    np.testing.assert_allclose(*[fit.theta[np.argsort(fit.items)] for fit in fits], atol=1e-7)
    for name in file.taken:
        assert name in str(c.taken)
    assert sum(c.taken.dropped.values()) == file.dropped


@pytest.mark.parametrize("kind", usual_files.VOTES)
def test_read_of_votes(kind, held):
    file = held(kind)
    votes = vn.read(file.path)
    assert isinstance(votes, vn.Votes)
    expected = vn.Votes(**file.columns)
    assert repr(votes) == repr(expected)
    weight = [vn.consensus(v).probability for v in (votes, expected)]
    np.testing.assert_allclose(*weight, atol=1e-12)
    assert sum(votes.taken.dropped.values()) == file.dropped


@pytest.mark.parametrize("library", ["pandas", "polars", "pyarrow"])
def test_a_frame_is_recognised_as_its_file(library, held):
    file = held("Parquet")
    table = pytest.importorskip("pyarrow.parquet").read_table(file.path)
    frame = table
    if library == "pandas":
        frame = table.to_pandas()
    elif library == "polars":
        frame = pytest.importorskip("polars").from_arrow(table)
    c = vn.from_frame(frame)
    assert isinstance(c, vn.Comparisons)
    assert c.n_comparisons == len(file.columns["first"])
    assert c.columns.first == "model_a"
    assert c.columns.outcome == "winner"


def test_groups(held, tmp_path):
    """Each prompt by itself: the group is found as the pair is."""
    file = held("verdicts over prompts")
    out = tmp_path / "ratings.csv"
    code, _, errors = run("groups", file, "-o", str(out))
    assert code == 0, errors
    assert "prompt_id" in errors
    n_groups = len(set(file.columns["group"]))
    assert len(out.read_text().splitlines()) > n_groups
