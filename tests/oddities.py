"""Data sets that are clean, and data sets with one planted oddity each, in rows."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from venire import simulate

Rows = dict[str, np.ndarray]
COLUMNS = {"first": "a", "second": "b", "score": "s"}
FURTHER = {"cluster": "voter", "date": "when", "weight": "w"}


def columns(rows: Rows) -> dict[str, str]:
    """What the columns say."""
    return COLUMNS | {argument: name for argument, name in FURTHER.items() if name in rows}


def clean(seed: int) -> tuple[Rows, bool]:
    """Rows of a size, a shape and a model that the seed decides, and whether being first helps."""
    rng = np.random.default_rng(seed)
    n_items = int(rng.choice([3, 4, 6, 8, 10, 20, 40, 100, 300]))
    n = int(10 ** rng.uniform(np.log10(max(60, 6 * n_items)), 5.0))
    theta = rng.normal(0.0, rng.choice([0.3, 1.0, 1.5]), n_items)
    often = rng.dirichlet(np.full(n_items, rng.choice([1.0, 5.0, 50.0]))) + 0.1 / n_items
    a = rng.choice(n_items, n, p=often / often.sum())
    b = (a + 1 + rng.integers(0, n_items - 1, n)) % n_items
    model = str(rng.choice(["bradley-terry", "davidson", "rao-kupper", "thurstone"]))
    gamma = float(rng.choice([0.0, 0.0, 0.3]))
    score = simulate.outcomes(a, b, theta, model=model, order_effect=gamma, rng=rng)
    names = np.array([f"m{i}" for i in range(n_items)], object)
    rows = {"a": names[a], "b": names[b], "s": score}
    if rng.random() < 0.6:
        voters = int(rng.choice([3, 20, 300, 5000]))
        busy = rng.dirichlet(np.full(voters, rng.choice([0.5, 5.0])))
        rows["voter"] = np.array([f"u{i}" for i in range(voters)], object)[
            rng.choice(voters, n, p=busy)
        ]
    if rng.random() < 0.5:
        rows["when"] = np.sort(rng.integers(0, 400, n))
    return rows, gamma != 0.0


# ---- planted ------------------------------------------------------------------------------------

Plant = Callable[[np.random.Generator, int], Rows]
PLANTED: dict[str, tuple[tuple[str, ...], Plant]] = {}


def planted(*names: str) -> Callable[[Plant], Plant]:
    """Found by one of these checks; the second argument is a size."""

    def put(plant: Plant) -> Plant:
        PLANTED[plant.__name__] = (names, plant)
        return plant

    return put


def base(
    rng: np.random.Generator,
    n: int,
    n_items: int = 20,
    *,
    spread: float = 1.0,
    tie: float | None = None,
    gamma: float = 0.0,
    voters: int = 40,
    dates: bool = True,
    prefix: str = "m",
) -> tuple[Rows, np.ndarray, np.ndarray, np.ndarray]:
    theta = rng.normal(0.0, spread, n_items)
    a = rng.integers(0, n_items, n)
    b = (a + 1 + rng.integers(0, n_items - 1, n)) % n_items
    model = {} if tie is None else {"model": "davidson", "tie": tie}
    score = simulate.outcomes(a, b, theta, order_effect=gamma, rng=rng, **model)
    names = np.array([f"{prefix}{i:02d}" for i in range(n_items)], object)
    rows = {"a": names[a], "b": names[b], "s": score.copy()}
    if voters:
        rows["voter"] = np.array([f"u{i}" for i in range(voters)], object)[
            rng.integers(0, voters, n)
        ]
    if dates:
        rows["when"] = np.sort(rng.integers(0, 10**6, n)).astype(float)
    return rows, theta, a, b


def both(one: Rows, other: dict) -> Rows:
    return {k: np.concatenate([x, np.asarray(other[k], x.dtype)]) for k, x in one.items()}


def some(rows: Rows, which) -> Rows:
    return {k: x[which] for k, x in rows.items()}


def drawn(rng: np.random.Generator, d: np.ndarray) -> np.ndarray:
    return (rng.random(len(d)) < 1.0 / (1.0 + np.exp(-d))).astype(float)


@planted("components")
def two_leagues(rng, size):
    one = base(rng, 600 * size, 8 * size)[0]
    return both(one, base(rng, 200 * size, 3 * size, prefix="x")[0])


@planted("components")
def a_pair_apart(rng, size):
    more = {"a": ["p", "q"], "b": ["q", "p"], "s": [1, 1], "voter": ["u1", "u2"], "when": [5, 6]}
    return both(base(rng, 600 * size, 10 * size)[0], more)


@planted("undefeated")
def undefeated(rng, size):
    rows = base(rng, 600 * size, 10 * size)[0]
    rows["s"][rows["a"] == "m03"], rows["s"][rows["b"] == "m03"] = 1.0, 0.0
    return rows


@planted("winless")
def winless(rng, size):
    rows = base(rng, 600 * size, 10 * size)[0]
    rows["s"][rows["a"] == "m03"], rows["s"][rows["b"] == "m03"] = 0.0, 1.0
    return rows


@planted("thin link")
def one_pair_links(rng, size):
    more = {
        "a": ["m01"] * 4, "b": ["x01"] * 4, "s": [1, 0, 1, 0],
        "voter": ["u1", "u2", "u3", "u4"], "when": [5, 6, 7, 9],
    }  # fmt: skip
    return both(two_leagues(rng, size), more)


@planted("thin link")
def one_item_links(rng, size):
    k = 40 * size
    more = {
        "a": ["m01"] * k, "b": [f"x{i % (3 * size):02d}" for i in range(k)],
        "s": rng.integers(0, 2, k), "voter": ["u1", "u2"] * (k // 2), "when": np.arange(k),
    }  # fmt: skip
    return both(two_leagues(rng, size), more)


@planted("thin cut")
def four_games_link(rng, size):
    more = {
        "a": ["m01", "m02", "m03", "m05"], "b": ["x01", "x02", "x00", "x01"], "s": [1, 0, 1, 0],
        "voter": ["u1", "u2", "u3", "u4"], "when": [5, 6, 7, 9],
    }  # fmt: skip
    return both(two_leagues(rng, size + 1), more)


@planted("voter holds the graph")
def one_voter_links(rng, size):
    k = 30 * size
    more = {
        "a": [f"m0{i % 7}" for i in range(k)], "b": [f"x{i % (3 * size):02d}" for i in range(k)],
        "s": rng.integers(0, 2, k), "voter": ["u7"] * k, "when": np.arange(k),
    }  # fmt: skip
    return both(two_leagues(rng, size), more)


@planted("duplicated rows")
def copies_here_and_there(rng, size):
    rows = base(rng, 1500 * size)[0]
    n = len(rows["s"])
    rows = both(rows, some(rows, rng.choice(n, n // 20, replace=False)))
    return some(rows, rng.permutation(len(rows["s"])))


@planted("repeated block")
def a_block_again(rng, size):
    rows = base(rng, 1500 * size, voters=0, dates=False)[0]
    return both(rows, some(rows, slice(100, 250 + 50 * size)))


@planted("rows doubled", "repeated block")
def each_row_twice(rng, size):
    n = 800 * size
    return some(base(rng, n, voters=0, dates=False)[0], np.repeat(np.arange(n), 2))


@planted("same voter, same pair")
def stuffing(rng, size):
    k = 15 * size
    more = {
        "a": ["m01"] * k, "b": ["m02"] * k, "s": [1] * k, "voter": ["u3"] * k, "when": np.arange(k)
    }  # fmt: skip
    return both(base(rng, 1500 * size)[0], more)


def relabelled(rng, size, prefix, label, other):
    rows = base(rng, 1000 * size, prefix=prefix)[0]
    rows["a"][(rows["a"] == label) & (rng.random(1000 * size) < 0.3)] = other
    return rows


@planted("labels alike")
def a_blank(rng, size):
    return relabelled(rng, size, "m", "m03", "m03 ")


@planted("labels alike")
def a_capital(rng, size):
    return relabelled(rng, size, "model-", "model-03", "Model-03")


@planted("labels alike")
def composed_and_not(rng, size):
    return relabelled(rng, size, "Zo\u00eb", "Zo\u00eb03", "Zoe\u030803")


@planted("labels alike")
def no_width(rng, size):
    return relabelled(rng, size, "m", "m03", "m\u200b03")


@planted("order effect")
def first_helps(rng, size):
    return base(rng, 2000 * size, gamma=0.4)[0]


@planted("ties")
def a_pair_ties(rng, size):
    rows, _, a, b = base(rng, 4000 * size, 12, tie=0.5)
    pair = ((a == 1) & (b == 2)) | ((a == 2) & (b == 1))
    rows["s"][pair & (rng.random(len(a)) < 0.9)] = 0.5
    return rows


@planted("ties")
def an_item_ties(rng, size):
    rows, _, a, b = base(rng, 2000 * size, tie=0.4)
    rows["s"][((a == 1) | (b == 1)) & (rng.random(len(a)) < 0.5)] = 0.5
    return rows


@planted("cycles")
def a_ring_of_three(rng, size):
    rows, _, a, b = base(rng, 2000 * size, 12, spread=0.5)
    for i, j in ((1, 2), (2, 3), (3, 1)):
        rows["s"][(a == i) & (b == j) & (rng.random(len(a)) < 0.9)] = 1.0
        rows["s"][(a == j) & (b == i) & (rng.random(len(a)) < 0.9)] = 0.0
    return rows


@planted("cycles")
def all_in_a_ring(rng, size):
    rows, _, a, b = base(rng, 2000 * size, 9)
    angle = np.arange(9) / 9.0 * 2.0 * np.pi
    rows["s"] = drawn(rng, 1.5 * np.sin(angle[a] - angle[b]))
    return rows


@planted("lack of fit by pair")
def an_upset(rng, size):
    rows, theta, a, b = base(rng, 4000 * size, 10)
    i, j = np.argsort(-theta)[[0, -2]]
    rows["s"][(a == i) & (b == j)], rows["s"][(a == j) & (b == i)] = 0.0, 1.0
    return rows


@planted("scatter")
def pairs_of_their_own(rng, size):
    rows, theta, a, b = base(rng, 6000 * size, 12)
    own = rng.normal(0.0, 0.8, (12, 12))
    rows["s"] = drawn(rng, theta[a] - theta[b] + (own - own.T)[a, b] / np.sqrt(2.0))
    return rows


@planted("time trend")
def one_grows(rng, size):
    rows, theta, a, b = base(rng, 8000 * size, 12)
    grown = 1.5 * (rows["when"] / 1e6 - 0.5)
    rows["s"] = drawn(rng, theta[a] - theta[b] + grown * (a == 3) - grown * (b == 3))
    return rows


def stronger_for_a_time(rng, size, begin, end, by):
    rows, theta, a, b = base(rng, 8000 * size, 12)
    then = by * ((rows["when"] >= begin * 1e6) & (rows["when"] < end * 1e6))
    rows["s"] = drawn(rng, theta[a] - theta[b] + then * (a == 3) - then * (b == 3))
    return rows


@planted("time trend")
def one_jumps_late(rng, size):
    return stronger_for_a_time(rng, size, 0.8, 1.1, 1.5)


@planted("time trend")
def one_has_a_spell(rng, size):
    return stronger_for_a_time(rng, size, 0.3, 0.6, 1.5)


@planted("voters against")
def one_votes_against(rng, size):
    rows = base(rng, 3000 * size, voters=20)[0]
    turned = rows["voter"] == "u3"
    rows["s"][turned] = 1.0 - rows["s"][turned]
    return rows


@planted("voters at random")
def two_at_random(rng, size):
    rows = base(rng, 3000 * size, voters=20)[0]
    blind = np.isin(rows["voter"], ["u3", "u4"])
    rows["s"][blind] = rng.integers(0, 2, blind.sum())
    return rows


@planted("voters for one side")
def one_says_first(rng, size):
    rows = base(rng, 3000 * size, voters=20)[0]
    rows["s"][rows["voter"] == "u3"] = 1.0
    return rows


@planted("influence")
def a_fan_makes_the_leader(rng, size):
    rows, theta, _, _ = base(rng, 2000 * size, 10, voters=60)
    second, k = int(np.argsort(-theta)[1]), 250 * size
    others = [f"m{i:02d}" for i in range(10) if i != second]
    swap = rng.random(k) < 0.5
    against = np.array([others[i % 9] for i in range(k)], object)
    fan = np.full(k, f"m{second:02d}", object)
    more = {
        "a": np.where(swap, fan, against), "b": np.where(swap, against, fan), "s": swap * 1.0,
        "voter": ["fan"] * k, "when": np.sort(rng.random(k)) * 1e6,
    }  # fmt: skip
    return both(rows, more)


@planted("outcomes")
def first_always(rng, size):
    rows = base(rng, 800 * size)[0]
    rows["s"][:] = 1.0
    return rows


@planted("outcomes")
def nearly_all_ties(rng, size):
    rows = base(rng, 800 * size)[0]
    rows["s"][5:] = 0.5
    return rows


@planted("weights")
def one_heavy_row(rng, size):
    rows = base(rng, 800 * size)[0]
    rows["w"] = np.ones(800 * size)
    rows["w"][17] = 500.0 * size
    return rows


@planted("rows against")
def a_stretch_turned(rng, size):
    rows = base(rng, 2000 * size, voters=0, dates=False)[0]
    part = slice(700 * size, 1000 * size)
    rows["s"][part] = 1.0 - rows["s"][part]
    return rows


@planted("labels alike")
def a_letter_too_many(rng, size):
    rows = base(rng, 1000 * size, prefix="Wanderers ")[0]
    rows["a"][(rows["a"] == "Wanderers 03") & (rng.random(1000 * size) < 0.3)] = "Wandeerers 03"
    return rows
