"""``--prior-by``: leagues from columns of the comparisons, or from another file."""

import json

import pytest
from typer.testing import CliRunner

import venire as vn
from venire.cli._app import app

SIZES = {
    "bison-7b": "small", "crane-mini": "small", "heron-34b": "large", "ibex-chat": "small",
    "lynx-70b": "large", "otter-13b": "large", "vole-2b": "small",
}  # fmt: skip


def run(*arguments):
    return CliRunner().invoke(app, [*map(str, arguments)])


@pytest.fixture
def files(tmp_path):
    """The battles with sizes in columns, the sizes, and the fit that they should have."""
    rows = (vn.datasets.path("battles")).read_text(encoding="utf-8").splitlines()
    more = ["model_a,model_b,winner,size_a,size_b"]
    for row in rows[1:]:
        a, b, winner, _ = row.split(",")
        more.append(f"{a},{b},{winner},{SIZES[a]},{SIZES[b]}")
    battles, sizes = tmp_path / "battles.csv", tmp_path / "sizes.csv"
    battles.write_text("\n".join(more), encoding="utf-8")
    listed = [f"{item},{size}" for item, size in SIZES.items()]
    sizes.write_text("\n".join(["model,size", *listed]), encoding="utf-8")
    return battles, sizes


def test_columns_and_files_say_the_same(files):
    battles, sizes = files
    c = vn.datasets.load_battles()
    fit = vn.fit_bradley_terry(c, prior=vn.GaussianPrior("evidence", by=SIZES))
    for by in ("size", "size_a,size_b", sizes):
        found = run("fit", battles, "--prior-by", by, "--json")
        assert found.exit_code == 0, found.output
        facts = json.loads(found.stdout)
        assert facts["prior_means"] == fit.prior_means.to_dict()
        assert facts["evidence"] == fit.evidence.to_dict()
        assert facts["prior_reason"] == "asked for"
    found = run("fit", battles, "--prior-by", "size", "--prior", "2")
    assert "prior GaussianPrior(2)" in found.stdout
    assert "prior mean of large 0.3" in found.stdout
    assert "SE take the prior's means as known" in " ".join(found.output.split())
    page = sizes.with_name("page.html")
    assert run("report", battles, "--prior-by", "size", "-o", page).exit_code == 0
    assert "prior mean of large" in page.read_text(encoding="utf-8")


def test_what_is_wrong_is_said(files):
    battles, sizes = files

    def refused(by, *more, code=1):
        found = run("fit", battles, "--prior-by", by, *more)
        assert found.exit_code == code, found.output
        return " ".join(found.output.split())

    assert "is no file, nor what two columns" in refused("weight", code=2)
    assert "leave out --prior none" in refused("size", "--prior", "none", code=2)
    text = sizes.read_text(encoding="utf-8")
    sizes.write_text(text.replace("vole-2b,small", "vole-2b,"), encoding="utf-8")
    assert "has no league for 'vole-2b'" in refused(sizes)
    sizes.write_text(text + "\nvole-2b,large", encoding="utf-8")
    assert "has 'vole-2b' in two leagues, 'small' and 'large'" in refused(sizes)
    sizes.write_text("model\nvole-2b", encoding="utf-8")
    assert "has no column of items and one of leagues" in refused(sizes)
    lines = battles.read_text(encoding="utf-8").splitlines()
    battles.write_text("\n".join([*lines, "vole-2b,bison-7b,tie,large,small"]), encoding="utf-8")
    assert "in two leagues" in refused("size")


def test_leagues_that_lost_to_no_other_are_named(tmp_path):
    games, leagues = tmp_path / "games.csv", tmp_path / "leagues.csv"
    games.write_text("winner,loser\na,b\nb,a\na,c\nc,d\nd,c\n", encoding="utf-8")
    leagues.write_text("item,league\na,top\nb,top\nc,low\nd,low\n", encoding="utf-8")
    found = run("fit", games, "--prior-by", leagues)
    assert found.exit_code == 1
    assert "unbeaten by the others: top" in " ".join(found.output.split())


def test_it_is_of_one_fit_of_comparisons(files):
    battles, sizes = files
    ranked = sizes.with_name("ranked.csv")
    ranked.write_text("ranking,item,rank\n1,a,1\n1,b,2\n2,b,1\n2,a,2\n", encoding="utf-8")
    for more in ([ranked, "--ranking", "ranking", "--item", "item", "--rank", "rank"],):
        found = run("fit", *more, "--prior-by", sizes)
        assert found.exit_code == 2, found.output
    found = run("report", battles, "--by", "size_a", "--prior-by", "size", "-o", "x.html")
    assert found.exit_code == 2
