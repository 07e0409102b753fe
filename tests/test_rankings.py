"""Rankings: built from lists, arrays and columns; what is refused, and how it is named."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import venire as vn

NAN = float("nan")


def lists(r: vn.Rankings) -> list[list]:
    """Each ranking's set as labels, ties as lists, the rest of the set after a None."""
    out = []
    for i in range(r.n_rankings):
        row: list = []
        for k in range(int(r.offsets[i]), int(r.offsets[i + 1])):
            label = r.items[r.item[k]]
            label = label.item() if isinstance(label, np.generic) else label
            if k == r.offsets[i] + r.ranked[i]:
                row.append(None)
            if r.tied is not None and r.tied[k]:
                row[-1] = [*(row[-1] if isinstance(row[-1], list) else [row[-1]]), label]
            else:
                row.append(label)
        out.append(row)
    return out


@st.composite
def rankings(draw):
    n_items = draw(st.integers(2, 6))
    rows = []
    for _ in range(draw(st.integers(1, 6))):
        row = draw(st.permutations(range(n_items)))[: draw(st.integers(2, n_items))]
        places: list = []
        for item in row:
            if places and draw(st.booleans()):
                places[-1] = [*(places[-1] if isinstance(places[-1], list) else [places[-1]]), item]
            else:
                places.append(item)
        rows.append(places)
    return rows


@given(rankings(), st.randoms(use_true_random=False), st.sampled_from([1, 2.5, 100]))
@settings(max_examples=60, deadline=None)
def test_lists_and_columns_say_the_same(rows, random, step):
    r = vn.Rankings(rows)
    assert lists(r) == rows
    long = [
        (name, item, step * place - 7)
        for name, row in enumerate(rows)
        for place, shared in enumerate(row)
        for item in (shared if isinstance(shared, list) else [shared])
    ]
    columns = vn.Rankings.from_long(*zip(*long, strict=True))
    assert lists(columns) == rows
    random.shuffle(long)
    shuffled = vn.Rankings.from_long(*zip(*long, strict=True))
    as_sets = [[sorted(p) if isinstance(p, list) else p for p in row] for row in rows]
    assert [
        [sorted(p) if isinstance(p, list) else p for p in row] for row in lists(shuffled)
    ] == as_sets


def test_arrays_of_two_dimensions_lists_and_text():
    a = np.array([[3, 1, 2], [2, 3, 9]])
    for given_as in (
        a,
        a.tolist(),
        [*a],
        a.astype(np.float64),
        np.asfortranarray(a),
        a.astype(object),
    ):
        r = vn.Rankings(given_as)
        assert lists(r) == a.tolist()
        assert r.items.tolist() == [1, 2, 3, 9]
        assert r.item.dtype == np.int32
        assert r.offsets.dtype == np.int64
    assert lists(vn.Rankings(a.astype(str))) == a.astype(str).tolist()
    assert lists(vn.Rankings(iter([("x", "y"), np.array(["y", "z"])]))) == [["x", "y"], ["y", "z"]]


def test_sets_of_which_the_best_few_are_placed():
    rows, sets = [["a", "b"], ["c"]], [["a", "b", "d", "e"], ["b", "c"]]
    assert lists(vn.Rankings(rows, among=sets)) == [["a", "b", None, "d", "e"], ["c", None, "b"]]
    everything = vn.Rankings(rows, among="all", items=["e", "c", "b", "a"])
    assert lists(everything) == [["a", "b", None, "e", "c"], ["c", None, "e", "b", "a"]]
    assert everything.ranked.tolist() == [2, 1]
    long = vn.Rankings.from_long(
        [1, 1, 1, 2, 2], ["a", "b", "c", "b", "c"], [NAN, 2, 1, NAN, 4], among="rows"
    )
    assert lists(long) == [["c", "b", None, "a"], ["c", None, "b"]]
    tied = vn.Rankings([[["a", "b"]], ["c"]], among="all")
    assert lists(tied) == [[["a", "b"], None, "c"], ["c", None, "a", "b"]]


def test_the_rest_of_many_sets_is_found_in_blocks(monkeypatch):
    from venire.data.rankings import _building

    rng = np.random.default_rng(3)
    rows = [rng.permutation(20)[: rng.integers(2, 6)].tolist() for _ in range(50)]
    sets = [[*row, *(set(range(20)) - set(row))][: rng.integers(6, 20)] for row in rows]
    whole = [vn.Rankings(rows, among=a, items=range(20)) for a in ("all", sets)]
    monkeypatch.setattr(_building, "_BLOCK", 33)
    cut = [vn.Rankings(rows, among=a, items=range(20)) for a in ("all", sets)]
    for one, other in zip(whole, cut, strict=True):
        assert lists(one) == lists(other)
        assert (one.item == other.item).all()
    for row, rest, complete in zip(rows, sets, lists(whole[1]), strict=True):
        assert set(complete) - {None} == set(rest)
        assert complete[: len(row)] == row


def test_items_of_groups_are_their_own():
    r = vn.Rankings([["a", "b"], ["c", "b"], ["b", "a"]], group=["q", "p", "q"])
    assert r.groups.tolist() == ["p", "q"]
    assert r.items.tolist() == ["b", "c", "a", "b"]
    assert r.item_offsets.tolist() == [0, 2, 4]
    assert r.item.tolist() == [2, 3, 1, 0, 3, 2]
    top = vn.Rankings(
        [["a"], ["c"], ["b"]], group=["q", "p", "p"], among=[["a", "b"], ["c", "b"], ["b", "c"]]
    )
    assert lists(top) == [["a", None, "b"], ["c", None, "b"], ["b", None, "c"]]
    whole = vn.Rankings([["a", "b"], ["c"], ["b"]], group=["q", "p", "p"], among="all")
    assert lists(whole) == [["a", "b"], ["c", None, "b"], ["b", None, "c"]]


def test_weights_of_zero_name_their_items():
    r = vn.Rankings([["a", "b"], ["c", "d"], ["b", "a"]], [1, 0, 2.5], cluster=["u", "v", "u"])
    assert r.items.tolist() == ["a", "b", "c", "d"]
    assert r.weight.tolist() == [1.0, 2.5]
    assert r.labels.tolist() == [0, 2]
    assert r.clusters[r.cluster].tolist() == ["u", "u"]
    assert vn.Rankings([["a", "b"]], 1).weight is None
    assert lists(r.select([1, 1, 0])) == [["b", "a"], ["b", "a"], ["a", "b"]]
    assert lists(r.select([True, False])) == [["a", "b"]]


def test_columns_that_are_of_a_ranking_stand_in_each_of_its_rows():
    long = ([2, 1, 2, 1], ["a", "b", "b", "a"], [1, 5, 2, 2])
    r = vn.Rankings.from_long(*long, weight=[3, 1, 3, 1], cluster=["u", "v", "u", "v"])
    assert r.labels.tolist() == [1, 2]
    assert r.weight.tolist() == [1, 3]
    assert r.clusters[r.cluster].tolist() == ["v", "u"]
    grouped = vn.Rankings.from_long(*long, group=["u", "v", "u", "v"])
    assert grouped.groups[grouped.group].tolist() == ["v", "u"]
    assert grouped.n_items == 4


ALONE = "holds one item alone, which says nothing: a ranking needs two"
ABOVE = "among='rows' (--among rows) puts items without a rank below the others"
SAME = "must be the same in all rows of ranking 1"
SINGLE = "a single ranking is a list of one: [[...]]"
REFUSED = {
    "rankings: is empty: at least one ranking is needed": [],
    "rankings[1]: is empty: a ranking needs two items": [["a", "b"], []],
    "rankings[0]: is empty: a ranking needs two items": np.zeros((2, 0), int),
    f"rankings[1] = ['a']: {ALONE}": [["a", "b"], ["a"]],
    "rankings[1][3] = 'a': stands in it twice, at position 0, too": [["a", "b"], [*"acba"]],
    "rankings[1][1]: a value is missing (null)": [["a", "b"], ["a", None]],
    "rankings[1][0] = 1: must all be of one type, and the first is 'a'": [["a", "b"], [1, 2]],
    f"rankings[0] = 'ab': must be a list of labels, best first; {SINGLE}": ["ab", "cd"],
    "rankings[0][1] = []: nobody has this place": [["a", [], "b"]],
    "rankings: must have one or two dimensions, has 3": np.zeros((2, 2, 2), int),
    "rankings: must be a list of rankings, got dict; say Rankings.from_frame(frame, ...)": {1: [1]},
}


@pytest.mark.parametrize("said", REFUSED)
def test_what_is_no_ranking_is_refused(said):
    with pytest.raises((ValueError, TypeError)) as error:
        vn.Rankings(REFUSED[said])
    assert str(error.value) == said


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"weight": [1, NAN]}, "weight[1] = nan: must be finite and >= 0"),
        ({"weight": [1]}, "weight: has 1 rows, but there are 2 rankings"),
        ({"weight": 0}, "weight: every ranking has weight 0"),
        ({"items": ["a", "b"]}, "rankings[1][1] = 'c': is not among items"),
        ({"among": "some"}, "among = 'some': must be 'all', or a set for each ranking"),
        ({"among": [["a", "b"]]}, "among: has 1 sets, but there are 2 rankings"),
        ({"among": [["b", "a"], ["b", "d"]]}, "rankings[1][1] = 'c': is not in among[1]"),
        ({"among": [["b", "a"], []]}, "rankings[1][0] = 'b': is not in among[1]"),
        ({"among": [["b", "a", "b"], ["b", "c"]]}, "among[0][2] = 'b': stands in it twice"),
        ({"group": ["p", None]}, "group[1]: a value is missing (null)"),
        ({"cluster": ["p"]}, "cluster: has 1 rows, but there are 2 rankings"),
        (
            {"items": ["a"], "group": ["p", "p"]},
            "items: rankings in groups find the items of each group by themselves",
        ),
    ],
)  # fmt: skip
def test_what_does_not_fit_the_rankings_is_refused(options, said):
    with pytest.raises((ValueError, TypeError)) as error:
        vn.Rankings([["a", "b"], ["b", "c"]], **options)
    assert str(error.value).removesuffix(", at position 0, too") == said


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        (([], [], []), "ranking: is empty: at least one ranking is needed"),
        (([1, 1, 2], "abc", [1, 2, 1]), "item = 'abc': must be an array of labels"),
        (([1, 1, 2], [*"abc"], [1, 2, 1]), f"ranking[2] = 2: {ALONE}"),
        (([2, 1, 1, 2], [*"abca"], [2, 1, 2, 1]), "item[0] = 'a': stands in ranking 2 twice"),
        (([1, 1], [*"ab"], [1, NAN]), f"rank[1] = nan: must be a finite number; {ABOVE}"),
        (([1, 1], [*"ab"], [1, np.inf]), "rank[1] = inf: must be a finite number"),
        (([1, 1], [*"ab"], [1, "2nd"]), "rank[1] = '2nd': must be a number"),
        (([1, 1], [*"ab"], [True, False]), "rank = [True, False]: must be a number for each row"),
        (([1, 1], [*"ab"], 1), "rank = 1: must be a number for each row"),
        (([1, None], [*"ab"], [1, 2]), "ranking[1]: a value is missing (null)"),
        (([1, 1], ["a", None], [1, 2]), "item[1]: a value is missing (null)"),
        (([1, 1], ["a"], [1, 2]), "item: has 1 rows, but ranking has 2"),
        (([1, 1], [*"ab"], [1, 2], [2, 3]), f"weight[1] = 3.0: {SAME}"),
    ],
)  # fmt: skip
def test_bad_columns_are_named(columns, said):
    with pytest.raises((ValueError, TypeError)) as error:
        vn.Rankings.from_long(*columns)
    assert str(error.value).removesuffix(", and was 2.0") == said


def test_a_set_without_any_rank_is_refused():
    with pytest.raises(ValueError, match=r"ranking\[1\] = 2: has no item with a rank"):
        vn.Rankings.from_long([1, 2, 1, 2], [*"abba"], [1, NAN, 2, NAN], among="rows")


def test_ranks_of_any_numbers():
    def order(*rank):
        return vn.Rankings.from_long([1] * len(rank), range(len(rank)), rank).item.tolist()

    assert order(1e300, -1e300, 0) == [1, 2, 0]
    assert order(2.5, 0.5, 1.5) == [1, 2, 0]
    assert order(-(2**62), 2**62, 0) == [0, 2, 1]
    narrow = np.array([127, -128, 3], np.int8)
    assert vn.Rankings.from_long([1] * 3, range(3), narrow).item.tolist() == [1, 2, 0]
    wide = np.array([2**63 + 4096, 2**63, 2**64 - 1], np.uint64)
    assert vn.Rankings.from_long([1] * 3, range(3), wide).item.tolist() == [1, 0, 2]


def test_objects_do_not_change_and_do_not_depend_on_threads():
    rng = np.random.default_rng(0)
    n = 30_000
    ranking, rank = np.repeat(rng.permutation(n), 4), np.tile([3, 1, 2, 0], n)
    item = (np.arange(4 * n) * 7 + rng.integers(0, 4, n).repeat(4)) % 1000
    by = rng.permutation(4 * n)
    one, two = (vn.Rankings.from_long(ranking[by], item[by], rank[by], n_threads=k) for k in (1, 2))
    for x, y in zip(one.arrays, two.arrays, strict=True):
        assert (x is None and y is None) or (x == y).all()
    with pytest.raises(ValueError, match="read-only"):
        one.item[0] = 1
    assert "Rankings(n_items=1000, n_rankings=30000)" in one.to_html()


# ---- as comparisons ------------------------------------------------------------------------------


def stage_weights(rows, weight=None):
    """Pairs by the definition: (winner or one of two that tie, other, score) to its mass."""
    mass: dict = {}
    for at, row in enumerate(rows):
        places = [p if isinstance(p, list) else [p] for p in row if p is not None]
        cut = row.index(None) if None in row else len(places)
        left = sum(map(len, places))
        for k, place in enumerate(places[:cut]):
            w = 2.0 / left * (1.0 if weight is None else weight[at])
            for one in place:
                for other in (x for later in places[k + 1 :] for x in later):
                    mass[one, other, 1.0] = mass.get((one, other, 1.0), 0.0) + w
            for i, one in enumerate(place):
                for other in place[i + 1 :]:
                    pair = (*sorted((one, other)), 0.5)
                    mass[pair] = mass.get(pair, 0.0) + w
            left -= len(place)
    return mass


def masses(c):
    mass: dict = {}
    for k in range(c.n_cells):
        i, j = c.items.tolist()[c.first[k]], c.items.tolist()[c.second[k]]
        told = ((i, j, 1.0, c.win[k]), (j, i, 1.0, c.loss[k]), (i, j, 0.5, c.tie[k]))
        for one, other, score, amount in told:
            if amount:
                mass[one, other, score] = mass.get((one, other, score), 0.0) + amount
    return mass


@given(rankings(), st.data())
@settings(max_examples=60, deadline=None)
def test_pairs_have_the_weights_of_their_stages(rows, data):
    weight = data.draw(
        st.lists(st.sampled_from([1.0, 2.0, 0.5]), min_size=len(rows), max_size=len(rows))
    )
    among = data.draw(st.sampled_from([None, "all"]))
    r = vn.Rankings(rows, weight, among=among)
    expected = stage_weights(lists(r), weight)
    for c in (r.to_comparisons(), r.to_comparisons(clustered=False)):
        assert masses(c) == pytest.approx(expected)
        assert (c.order == 0).all()
        assert c.items.tolist() == r.items.tolist()
    assert r.to_comparisons(clustered=False).cluster is None
    clustered = r.to_comparisons()
    for i in range(r.n_rankings):
        own = np.isin(clustered.cluster, np.flatnonzero(clustered.clusters == i))
        assert (clustered.win + clustered.loss + clustered.tie)[own].sum() == pytest.approx(
            sum(stage_weights([lists(r)[i]], [weight[i]]).values())
        )


def test_pairs_of_groups_and_clusters():
    rows = [["a", "b"], ["c", "b", "a"], ["b", "a"]]
    r = vn.Rankings(rows, [1, 1, 0], group=["q", "p", "o"])
    g = r.to_comparisons()
    assert g.groups.tolist() == ["o", "p", "q"]
    assert g.items.tolist() == r.items.tolist()
    assert masses(g["p"]) == pytest.approx(stage_weights(rows[1:2]))
    assert masses(g["q"]) == pytest.approx(stage_weights(rows[:1]))
    judged = vn.Rankings(rows, cluster=["u", "v", "u"]).to_comparisons(clustered=False)
    assert judged.clusters.tolist() == ["u", "v"]


@given(rankings())
@settings(max_examples=60, deadline=None)
def test_components_are_those_of_all_pairs(rows):
    r = vn.Rankings(rows, among="all")
    pairs = r.to_comparisons(clustered=False)
    for connection in ("weak", "strong"):
        one, other = r.components(connection), pairs.components(connection)
        assert one.labels.tolist() == other.labels.tolist()
        assert one.sizes.tolist() == other.sizes.tolist()


def simulated(rng, theta, n, m, top=None):
    """Rankings of m random items each, by Plackett-Luce; the best `top` placed."""
    sets = rng.permuted(np.tile(np.arange(len(theta)), (n, 1)), axis=1)[:, :m]
    by = np.argsort(-(theta[sets] + rng.gumbel(size=sets.shape)), axis=1)
    rows = np.take_along_axis(sets, by, 1)
    if top is None:
        return vn.Rankings(rows)
    return vn.Rankings(rows[:, :top], among=rows)


@pytest.mark.parametrize(("m", "top"), [(5, None), (5, 2), (3, None)])
def test_intervals_from_stage_weights_cover(m, top):
    """Plain errors, and those by ranking: of 95 % intervals 93 to 97 % hold the truth.

    300 worlds of 20 items: the share's standard deviation is about .3 points, for the 20 are nearly
    independent of each other.
    """
    rng = np.random.default_rng(15)
    theta = rng.normal(0.0, 1.0, 20)
    theta -= theta.mean()
    hit = {"fisher": 0, "robust": 0}
    worlds = 300
    for _ in range(worlds):
        c = simulated(rng, theta, 300 if top is None else 600, m, top).to_comparisons()
        fit = vn.fit_bradley_terry(c)
        for errors in hit:
            hit[errors] += int(
                (np.abs(fit.theta - theta) < 1.96 * fit.standard_errors(errors)).sum()
            )
    for errors, n in hit.items():
        assert 0.93 <= n / (worlds * len(theta)) <= 0.97, (errors, n / (worlds * len(theta)))


def test_pairs_of_equal_weight_would_not_cover():
    """What the weights of stages are for: plain errors of all pairs, each counted once."""
    rng = np.random.default_rng(16)
    theta, hit = np.linspace(-1.0, 1.0, 10), 0
    for _ in range(100):
        r = simulated(rng, theta, 200, 5)
        rows = r.item.reshape(-1, 5)
        upper, lower = np.triu_indices(5, 1)
        c = vn.Comparisons(rows[:, upper].ravel(), rows[:, lower].ravel(), 1.0)
        fit = vn.fit_bradley_terry(c)
        hit += int((np.abs(fit.theta - theta) < 1.96 * fit.standard_errors()).sum())
    assert hit / 1000 < 0.90


# ---- as votes ------------------------------------------------------------------------------------


def test_votes_of_judges_who_sort():
    rows, judges = [["a", "b", "c"], ["b", ["a", "c"]], ["c", "a"]], ["u", "v", "u"]
    r = vn.Rankings(rows, cluster=judges)
    for votes in (r.to_votes(), vn.Rankings(rows).to_votes(judges)):
        assert votes.teachers.tolist() == ["u", "v"]
        mass = {}
        for k in range(len(votes.pair)):
            pair = votes.first[votes.pair[k]], votes.second[votes.pair[k]]
            mass[(*pair, votes.teachers[votes.teacher[k]])] = tuple(
                round(x[k], 6) for x in (votes.win, votes.tie, votes.loss)
            )
        third = round(2 / 3, 6)
        assert mass == {
            ("a", "b", "u"): (third, 0, 0),
            ("a", "c", "u"): (third, 0, 1.0),
            ("b", "c", "u"): (1.0, 0, 0),
            ("a", "b", "v"): (0, 0, third),
            ("a", "c", "v"): (0, 1.0, 0),
            ("b", "c", "v"): (third, 0, 0),
        }
    with pytest.raises(TypeError, match="teacher = None: must say who ranked; say teacher="):
        vn.Rankings(rows).to_votes()
    with pytest.raises(ValueError, match="teacher: has 1 rows, but there are 3"):
        r.to_votes(["u"])


def test_votes_of_groups_keep_their_items_apart():
    r = vn.datasets.load_ranked_answers()
    columns = vn.datasets.columns("ranked_answers")
    grouped = vn.Rankings.from_frame(columns, place="ranking", cluster="judge", group="prompt")
    votes = grouped.to_votes()
    assert votes.n_pairs == 50 * 6
    assert len(votes.groups) == 50
    assert votes.n_votes == 6 * r.n_rankings
    rated = vn.rate(votes)
    assert rated.items[rated.theta.argmax()] == "lynx-70b"


def test_rankings_answer_what_a_loop_asks():
    group, item = ["p"] * 4 + ["q"] * 4, [*"abcd"] * 2
    loop = vn.distillation.Distillation((group, item), ["ann"], rng=1)
    mine = loop.ask().of("ann")
    orders = {"p": [*"dcba"], "q": ["a", ["b", "d"]]}
    said = vn.Rankings([*orders.values()], group=[*orders])
    request, vote = mine.ranked(said)
    place = {"p": dict(zip("dcba", range(4), strict=True)), "q": {"a": 0, "b": 1, "d": 1}}
    expected = {}
    for k in range(len(mine)):
        own = place[mine.group[k]]
        one, other = own.get(mine.first[k]), own.get(mine.second[k])
        if not mine.bridge[k] and one is not None and other is not None:
            expected[int(mine.request[k])] = (other > one) - (one > other)
    assert dict(zip(request.tolist(), vote.tolist(), strict=True)) == expected
    assert loop.tell(request, vote).new == len(expected) > 0
    with pytest.raises(ValueError, match="rankings: have no groups, and there are 2"):
        mine.ranked(vn.Rankings([["a", "b"]]))
    with pytest.raises(TypeError, match="rankings: must be Rankings, got list"):
        mine.ranked([["a", "b"]])


def test_a_teacher_of_a_loop_may_sort():
    loop = vn.distillation.Distillation((["q"] * 5, [*"abcde"]), ["ann"], rng=1)
    loop.run({"ann": lambda requests: vn.Rankings([[*"badec"]])})
    assert len(loop.pending) == 0
    fit = loop.fit()
    assert fit.fit.theta.argmax() == 1  # of a, ..., e


def test_pictures_go_by_who_was_above_whom():
    from venire.ratings.pairs import cells_of

    r = vn.Rankings([["a", "b", "c"], ["b", ["a", "c"]], ["c", "a", "b"]], [2, 1, 1])
    cells = cells_of(vn.fit_plackett_luce(r))
    games = dict(
        zip(zip(cells.first.tolist(), cells.second.tolist(), strict=True), cells.games, strict=True)
    )
    assert games == {(0, 1): 4, (0, 2): 4, (1, 2): 4}
    assert cells.share.round(4).tolist() == [0.75, 0.625, 0.75]
    grouped = vn.Rankings([["a", "b"], ["b", "a"], ["b", "a"]], group=["p", "p", "q"])
    assert grouped.met.n_comparisons == 3
    assert grouped.met.n_items == 4
