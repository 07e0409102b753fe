"""Units and anchors of the commands: tables, files and documents say one thing."""

from __future__ import annotations

import csv
import io
import json
import math

import numpy as np
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

import venire as vn
from venire.cli._app import app

ELO = 400.0 / math.log(10.0)
COMMON = ("--first", "a", "--second", "b", "--score", "s")


def venire(*arguments):
    return CliRunner().invoke(app, [str(x) for x in arguments], prog_name="venire")


def rows_of(path):
    return {row["item"]: row for row in csv.DictReader(io.StringIO(path.read_text()))}


@pytest.fixture
def games(tmp_path):
    rng = np.random.default_rng(0)
    path = tmp_path / "games.csv"
    with path.open("w") as f:
        f.write("g,u,a,b,s\n")
        for k in range(240):
            x, y = rng.choice(6, 2, replace=False)
            f.write(f"q{k % 3},u{k % 40},m{x},m{y},{int(rng.random() < 0.5 + 0.08 * (x - y))}\n")
        f.writelines(f"r,u{k},n1,n2,{k % 2}\n" for k in range(4))  # a group without the others
    return path


def fit_of(path, **columns):
    return vn.fit_bradley_terry(
        vn.io.read_comparisons(path, first="a", second="b", score="s", **columns),
        prior=vn.GaussianPrior(0.1),
    )


@pytest.mark.parametrize("errors", ["fisher", "robust"])
@pytest.mark.parametrize(
    "options",
    [
        (),
        ("--scale", "elo"),
        ("--anchor", "m2=1250"),
        ("--anchor", "m2", "--scale", "logit"),
        ("--scale", "erf"),
    ],
)
def test_a_table_has_one_unit(games, tmp_path, options, errors):
    fit = fit_of(games, cluster="u")
    asked = dict(zip(options[::2], options[1::2], strict=True))
    anchor, _, at = asked.get("--anchor", "").partition("=")
    scale = asked.get("--scale") or ("elo" if anchor else None)
    shown = fit.rescale(scale, anchor=anchor or None, at=float(at) if at else None)
    base = ("fit", games, *COMMON, "--prior", "0.1", "--errors", errors, *options)
    if errors == "robust":
        base += ("--cluster", "u")
    for name in ("out.csv", "out.parquet"):
        assert venire(*base, "-q", "-o", tmp_path / name).exit_code == 0
    document = json.loads(venire(*base, "--json").stdout)
    rating = scale or "theta"
    rows = {row["item"]: row for row in document["ratings"]}
    assert list(rows["m1"])[:5] == ["item", rating, "standard_error", "lower", "upper"]
    assert ("theta" in rows["m1"]) == (rating == "theta")
    error, bounds = shown.standard_errors(errors), shown.interval(0.95, errors)
    for k, item in enumerate(fit.items.tolist()):
        expected = [shown.theta[k], error[k], *bounds[k]]
        names = (rating, "standard_error", "lower", "upper")
        assert [rows[item][name] for name in names] == pytest.approx(expected, abs=1e-9)
        found = rows_of(tmp_path / "out.csv")[item]
        assert [float(found[name]) for name in names] == pytest.approx(expected, abs=1e-9)
    facts = shown.display.facts()
    assert document["unit"] == facts
    assert document["errors"] == errors
    metadata = pq.read_schema(tmp_path / "out.parquet").metadata
    assert json.loads(metadata[b"venire"])["unit"] == facts
    printed = {line.split()[1]: line.split() for line in venire(*base).stdout.splitlines()
               if " m" in line[:14]}  # fmt: skip
    for k, item in enumerate(fit.items.tolist()[:6]):
        values = (shown.theta[k], error[k], bounds[k, 0], bounds[k, 1])
        texts = [f"{x:.{shown.display.digits}f}" for x in values]
        assert [printed[item][at] for at in (2, 3, 4, 6)] == texts


def test_a_bootstrap_from_an_anchor(games):
    run = venire("bootstrap", games, *COMMON, "--prior", "0.1", "--bootstrap", 50, "--anchor",
                 "m0=0", "--json")  # fmt: skip
    rows = {row["item"]: row for row in json.loads(run.stdout)["ratings"]}
    b = vn.bootstrap(fit_of(games), 50, rng=0).to_elo("m0", 0.0)
    assert rows["m0"]["elo"] == rows["m0"]["lower"] == rows["m0"]["upper"] == 0.0
    for k, item in enumerate(b.items.tolist()):
        assert rows[item]["standard_error"] == pytest.approx(b.standard_errors()[k], abs=1e-9)
        assert rows[item]["lower"] == pytest.approx(b.interval()[k, 0], abs=1e-9)


@pytest.mark.parametrize("errors", ["fisher", "robust", "none"])
def test_groups_from_an_anchor(games, tmp_path, errors):
    out = tmp_path / "out.csv"
    base = ("groups", games, "--group", "g", *COMMON, "--anchor", "m2=1100", "--errors", errors)
    run = venire(*base, "-o", out, "--bootstrap", 40)
    assert run.exit_code == 0, run.output
    assert "1 of 4 groups have no item 'm2'" in run.stderr
    g = vn.io.read_grouped(games, group="g", first="a", second="b", score="s")
    gf = vn.fit_groups(g)
    elo, b = gf.to_elo("m2", 1100.0), vn.bootstrap(gf, 40, rng=0).to_elo("m2", 1100.0)
    found = [*csv.DictReader(io.StringIO(out.read_text()))]
    for k, row in enumerate(found):
        if row["group"] == "r":
            assert {row[x] for x in ("elo", "bootstrap_error", "lower", "upper")} == {""}
            continue
        assert float(row["elo"]) == pytest.approx(elo.theta[k])
        assert float(row["bootstrap_error"]) == pytest.approx(b.standard_errors()[k], abs=1e-9)
        assert float(row["upper"]) == pytest.approx(b.interval()[k, 1], abs=1e-9)
        if errors == "none":
            assert "standard_error" not in row
        else:
            expected = elo.standard_errors(errors)[k]
            assert float(row["standard_error"]) == pytest.approx(expected, abs=1e-9)
    assert venire(*base[:-4], "--anchor", "nobody", "-o", tmp_path / "no.csv").exit_code != 0
    assert not (tmp_path / "no.csv").exists()


def test_soft_votes_have_no_robust_errors_in_groups(tmp_path):
    path = tmp_path / "soft.csv"
    path.write_text("g,a,b,s\nq,x,y,0.7\nq,y,x,0.6\nr,x,y,1\nr,y,x,1\n")
    run = venire("groups", path, "--group", "g", *COMMON, "--errors", "robust", "-o",
                 tmp_path / "o.csv")  # fmt: skip
    assert "2 of 2 groups have no robust errors: votes are soft" in run.stderr


@pytest.mark.parametrize(
    "options", [("--anchor", "m1", "--shared"), ("--errors", "robust", "--shared")]
)
def test_what_does_not_go_with_shared_parameters(games, options):
    run = venire("groups", games, "--group", "g", *COMMON, "--order-effect", *options)
    assert run.exit_code == 2


def test_an_anchor_among_labels_with_signs(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("a,b,s\na=b,7,1\n7,a=b,1\n")
    for typed, at in (("a=b=5", 5.0), ("a=b", 1000.0), ("7=3", 3.0)):
        document = json.loads(venire("fit", path, *COMMON, "--anchor", typed, "--json").stdout)
        assert document["unit"]["at"] == at


def test_rated_models_from_an_anchor(tmp_path):
    rng = np.random.default_rng(1)
    path = tmp_path / "votes.csv"
    with path.open("w") as f:
        f.write("prompt,model_a,model_b,judge,verdict\n")
        for k in range(400):
            x, y = rng.choice(5, 2, replace=False)
            won = rng.random() < 0.5 + 0.1 * (x - y)
            f.write(f"p{k % 60},m{x},m{y},j{k % 3},{'A' if won else 'B'}\n")
    run = venire("rate", path, "--anchor", "m1=1000", "--json")
    assert run.exit_code == 0, run.stderr
    document = json.loads(run.stdout)
    rows = {row["item"]: row for row in document["ratings"]}
    votes, _ = vn.io.read_votes(path, first="model_a", second="model_b", group="prompt",
                                teacher="judge", vote="verdict", swapped=False)  # fmt: skip
    rated = vn.rate(votes)
    c, a = rated.covariance(), rated.items.tolist().index("m1")
    for k, item in enumerate(rated.items.tolist()):
        expected = 0.0 if k == a else math.sqrt(c[k, k] + c[a, a] - 2.0 * c[k, a])
        assert rows[item]["standard_error"] == pytest.approx(ELO * expected, abs=1e-6)
        relative = rated.relative_to("m1")
        assert relative.standard_errors[k] == pytest.approx(expected, abs=1e-9)
        assert rows[item]["elo"] == pytest.approx(1000.0 + ELO * relative.estimates[k])
    assert rows["m1"]["lower"] == rows["m1"]["upper"] == 1000.0
    assert document["unit"] == {"scale": "elo", "anchor": "m1", "at": 1000.0}
