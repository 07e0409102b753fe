"""Weights that halve with age, in the constructor, from frames, files and commands."""

from __future__ import annotations

import datetime as dt
import json

import numpy as np
import pytest

import venire as vn
from venire.cli import main

FIRST, SECOND, SCORE = [0, 1, 0, 1], [1, 0, 1, 0], [1.0, 1.0, 0.5, 0.0]
DATES = ["2024-01-01", "2024-03-31", "2024-01-11", "2024-01-01"]  # the second is 90 days later
GAMES = {
    "home": ["x", "y", "x", "z", "z"],
    "away": ["y", "x", "y", "x", "y"],
    "result": ["win", "draw", "loss", "win", "loss"],
    "played": ["2024-01-01", "2024-01-31", "2024-01-16", "2024-01-31", "2024-01-31"],
}


def aged(date=DATES, **options):
    return vn.Comparisons(FIRST, SECOND, SCORE, date=date, **options)


@pytest.mark.parametrize(
    "date",
    [
        DATES,
        np.array(DATES, "datetime64[D]"),
        np.array(DATES, "datetime64[ns]"),
        [dt.date.fromisoformat(x) for x in DATES],
        [dt.datetime.fromisoformat(x) for x in DATES],
        [x + "T02:00:00+02:00" for x in DATES],
        [x + " 00:00:00.000Z" for x in DATES],
        [0, 90, 10, 0],
        [0.5, 90.5, 10.5, 0.5],
        ["100", "190", "110", "100"],
    ],
)
def test_weights_halve(date):
    c = aged(date, half_life=90)
    weight = 2.0 ** (-np.array([90, 0, 80, 90]) / 90)
    assert c.win.tolist() == [0.5, 0.5]
    assert c.loss.tolist() == [1.0, 0.0]
    np.testing.assert_allclose(c.tie, [0.0, weight[2]], rtol=1e-15)
    assert c.date is None
    assert c.half_life == 90.0
    np.testing.assert_allclose(c.n_comparisons, weight.sum())
    np.testing.assert_allclose(c.n_effective, weight.sum() ** 2 / (weight**2).sum())


def test_a_row_of_weight_two_is_two_rows():
    two = vn.Comparisons([0, 0], [1, 1], [1, 0], [2, 1], date=[0, 1], half_life=1)
    rows = vn.Comparisons([0, 0, 0], [1, 1, 1], [1, 1, 0], date=[0, 0, 1], half_life=1)
    counts = vn.Comparisons.from_counts(
        [0, 0], [1, 1], win=[2, 0], loss=[0, 1], date=[0, 1], half_life=1
    )
    for c in (rows, counts):
        assert c.win.tolist() == two.win.tolist()
        assert c.n_effective == two.n_effective == 4 / 1.5


def test_infinite_is_the_static_fit():
    c, static = aged(half_life=np.inf), vn.Comparisons(FIRST, SECOND, SCORE)
    assert c.win.tolist() == static.win.tolist()
    assert c.n_effective == static.n_effective == 4.0
    assert vn.fit_bradley_terry(c).theta.tolist() == vn.fit_bradley_terry(static).theta.tolist()


def test_later_at_scales_all_weights():
    early, late = aged(half_life=90), aged(half_life=90, at="2024-06-29")
    np.testing.assert_allclose(late.win, 0.5 * early.win)
    assert late.n_effective == pytest.approx(early.n_effective)
    assert aged([0, 90, 10, 0], half_life=90, at=180).win.tolist() == [0.25, 0.25]


@pytest.mark.parametrize(
    ("date", "options", "message"),
    [
        (DATES, {"half_life": 0}, "half_life = 0: must be > 0"),
        (DATES, {"half_life": -3.0}, "half_life = -3.0: must be > 0"),
        (DATES, {"half_life": np.nan}, "half_life = nan: must be > 0"),
        (DATES, {"half_life": "90"}, "half_life = '90': must be a number"),
        (None, {"half_life": 90}, "date: must say when"),
        (DATES, {"at": "2025-01-01"}, "at = '2025-01-01': .* give half_life"),
        (
            DATES, {"half_life": 90, "at": "2024-02-01"},
            r"date\[1\] = '2024-03-31': lies in the future of at = 2024-02-01",
        ),
        (DATES, {"half_life": 90, "at": 5}, "at = 5: must be a date"),
        ([0, 9, 1, 0], {"half_life": 90, "at": "2025-01-01"}, "at = .*: must be a number"),
        ([0, 9, 1, 0], {"half_life": 9, "at": 8}, r"date\[1\] = 9.0: lies in the future"),
        (DATES, {"half_life": 90, "at": ["2025-01-01"]}, "at = .*: must be one date"),
        (["2024-01-01", "1/2/2024", "", ""], {"half_life": 1}, r"date\[1\] = '1/2/2024': must be"),
        ([*DATES[:2], "", DATES[3]], {"half_life": 1}, r"date\[2\]( = None)?: is missing"),
        ([0, 1, np.nan, 3], {"half_life": 1}, r"date\[2\]: is missing"),
        ([0, 1, None, 3], {"half_life": 1}, r"date\[2\].*missing"),
        (np.array([*DATES[:3], "NaT"], "datetime64[D]"), {"half_life": 1}, r"date\[3\].*missing"),
        ([*DATES[:3], "5"], {"half_life": 1}, r"date\[3\] = '5': must be a date"),
        ([True] * 4, {"half_life": 1}, "date = True: must hold dates"),
        (DATES[:3], {"half_life": 1}, "date: has 3 rows"),
    ],
)  # fmt: skip
def test_refused(date, options, message):
    with pytest.raises((ValueError, TypeError), match=message):
        aged(date, **options)


def test_order_of_rows_does_not_matter():
    c = aged(half_life=7)
    back = vn.Comparisons(FIRST[::-1], SECOND[::-1], SCORE[::-1], date=DATES[::-1], half_life=7)
    assert c.win.tolist() == back.win.tolist()


def test_together():
    early = aged(half_life=90)
    new = {"first": [0, 1], "second": [1, 0], "score": [1.0, 1.0]}
    dates = ["2024-06-29", "2024-02-01"]
    whole = vn.Comparisons(
        FIRST + new["first"], SECOND + new["second"], SCORE + new["score"],
        date=DATES + dates, half_life=90,
    )  # fmt: skip
    for c in (
        early.append(**new, date=dates),
        early + vn.Comparisons(**new, date=dates, half_life=90),
        vn.Comparisons(**new, date=dates, half_life=90) + early,
    ):
        np.testing.assert_allclose(c.win, whole.win, rtol=1e-14)
        np.testing.assert_allclose(c.tie, whole.tie, rtol=1e-14)
        assert c.at == whole.at
        assert c.n_effective == pytest.approx(whole.n_effective)
    fit = vn.fit_bradley_terry(early).update(**new, date=dates)
    np.testing.assert_allclose(fit.theta, vn.fit_bradley_terry(whole).theta, atol=1e-8)
    for other in (
        vn.Comparisons(**new),
        vn.Comparisons(**new, date=dates, half_life=30),
        vn.Comparisons(**new, date=[1, 2], half_life=90),
    ):
        with pytest.raises(ValueError, match=r"half_life|date"):
            early + other
    with pytest.raises((ValueError, TypeError), match="date"):
        early.append(**new)


@pytest.mark.parametrize("backend", ["dict", "pandas", "polars", "pyarrow"])
@pytest.mark.parametrize("form", ["text", "date", "zone"])
def test_frames(backend, form):
    games = dict(GAMES)
    if form != "text":
        zone = dt.UTC if form == "zone" else None
        games["played"] = [
            dt.datetime.fromisoformat(x).replace(tzinfo=zone) for x in games["played"]
        ]
    if backend != "dict":
        games = getattr(
            pytest.importorskip(backend), "table" if backend == "pyarrow" else "DataFrame"
        )(games)
    c = vn.Comparisons.from_frame(games, half_life=15)
    assert c.win.tolist() == [0.0, 0.25, 0.0, 1.0]
    assert c.columns.date == "played"
    assert str(c.at)[:10] == "2024-01-31"
    assert "weights halve with every 15 days before 2024-01-31; weights add up to 3.75" in str(
        c.taken
    )
    with pytest.raises(ValueError, match=r"column 'played'.*future"):
        vn.Comparisons.from_frame(games, half_life=15, at="2024-01-30")
    assert vn.Comparisons.from_frame(games).date is None
    assert vn.Comparisons.from_frame(games, date="played").dates is not None


def test_dates_are_needed():
    games = {k: v for k, v in GAMES.items() if k != "played"}
    with pytest.raises(ValueError, match="half-life"):
        vn.Comparisons.from_frame(games, half_life=15)
    with pytest.raises(TypeError, match="half_life"):
        vn.GroupedComparisons.from_frame({**GAMES, "g": [1] * 5}, group="g", half_life=15)


def write(path, games=GAMES):
    lines = [
        ",".join(games),
        *(",".join(map(str, row)) for row in zip(*games.values(), strict=True)),
    ]
    path.write_text("\n".join(lines) + "\n")
    return str(path)


def test_files_and_the_command(tmp_path, capsys):
    path = write(tmp_path / "games.csv")
    c = vn.read(path, half_life=15)
    assert c.win.tolist() == [0.0, 0.25, 0.0, 1.0]
    late = write(tmp_path / "late.csv", {**GAMES, "played": ["", *GAMES["played"][1:]]})
    with pytest.raises(vn.io.DataError, match=r"row 1.*played.*missing"):
        vn.read(late, half_life=15)
    assert main(["fit", path, "--half-life", "15", "--json", "--prior", "0.1"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["half_life"]["at"] == "2024-01-31"
    assert found["half_life"]["weight"] == 3.75
    assert main(["fit", path, "--half-life", "15", "--prior", "0.1"]) == 0
    assert "weights halve with every 15 days" in capsys.readouterr().err
    assert main(["fit", path, "--half-life", "inf", "--json", "--prior", "0.1"]) == 0
    static = json.loads(capsys.readouterr().out)
    assert static["half_life"]["half_life"] is None
    assert main(["fit", path, "--json", "--prior", "0.1"]) == 0
    plain = json.loads(capsys.readouterr().out)
    assert plain["half_life"] is None
    assert static["ratings"] == plain["ratings"]
    for wrong in (["--half-life", "0"], ["--at", "2024-01-31"], ["--date", "played"]):
        assert main(["fit", path, *wrong]) == 2
    assert main(["fit", path, "--half-life", "15", "--at", "2024-01-20"]) == 1
    assert "row 2" in capsys.readouterr().err


def test_the_summary_says_so():
    fit = vn.fit_bradley_terry(aged(half_life=90))
    assert "weights halve with every 90 days before 2024-03-31" in str(fit.summary())


def test_dates_of_few_bits_lie_as_far_apart_as_they_say():
    narrow = np.array([-100, 100, 100, -100], np.int8)
    wide = aged(narrow.astype(float), half_life=50)
    assert aged(narrow, half_life=50).n_comparisons == wide.n_comparisons == 2 + 2 * 2.0**-4
    ends = np.array([-(2**63) + 1, 2**63 - 1, 0, 0])
    assert aged(ends, half_life=1e18).n_comparisons == pytest.approx(1.0, abs=0.01)


@pytest.mark.parametrize(
    ("far", "says"),
    [
        (
            np.array([2**62, -(2**62), 0, 0], "datetime64[s]"),
            r"date\[1\] = .* beyond all calendars",
        ),
        (np.array([0, 10**9, 0, 0], "datetime64[Y]"), r"date\[1\] = .* beyond all calendars"),
        (
            np.array([0, 0, 2**63 - 1, 0], "datetime64[us]"),
            r"date\[2\] = .* beyond all calendars",
        ),
        (np.array([np.datetime64(10**9, "Y"), *np.array([0] * 3, "M8[D]")], object), r"date\[0\]"),
        ([0.0, np.inf, 0.0, 0.0], r"date\[1\] = inf: must be finite"),
    ],
)
def test_dates_beyond_microseconds_are_refused(far, says):
    with pytest.raises(ValueError, match=says):
        aged(far, half_life=10)


def test_all_aged_to_nothing_is_a_matter_of_the_half_life():
    with pytest.raises(ValueError, match="half_life = 10: every comparison has aged to weight 0"):
        aged(half_life=10, at="2999-01-01")
