"""Rankings and their fits from saved files: every array and fact checked against the others."""

from __future__ import annotations

from typing import Any

import numpy as np

from venire.data import Rankings
from venire.data.rankings import Arrays
from venire.models import RANKINGS
from venire.ratings import PlackettLuceFit
from venire.ratings.rankings import METHODS, RankingProblem, labels_of, within
from venire.resampling._restoring import FIT, fit_members
from venire.resampling._saved import Saved, Table

__all__ = ["RANKING_FIT", "ranking_fit"]

RANKING_FIT: Table = FIT | {
    "model": (Saved.one_of, (RANKINGS.name,)),
    "method": (Saved.one_of, METHODS),
}


def ranking_fit(s: Saved) -> PlackettLuceFit:
    """A fit of rankings, with these."""
    r = _rankings(s)
    found = fit_members(s, RANKING_FIT, r.items, r.groups, r.item_offsets)
    fit = PlackettLuceFit(comparisons=r, **found)
    try:
        problem = RankingProblem(r, fit.item_priors)
        good = [problem.native.connected()[0]]
        if fit.prior is None and not np.array_equal(good[0], found["component"]):
            parts = within(r, problem.strong_components())
            good.append(RankingProblem(parts, fit.item_priors).native.connected()[0])
    except ValueError as error:
        s.fail("r", f"holds no rankings ({error})")
    if not any(np.array_equal(found["component"], x) for x in good):
        s.fail("fit.component", "must be the components of the rankings")
    return fit


def _rankings(s: Saved) -> Rankings:
    """The rankings, as far as arrays go; that they are of different items is left to the kernel."""
    groups = s.optional("r.groups", Saved.labels, "groups")
    items = s.labels("r.items", "items", distinct=groups is None)
    ends = s.optional("r.item_offsets", Saved.array, np.int64, "group ends", 0)
    s.same("r.item_offsets", ends, groups is not None)
    n_groups = 0 if groups is None else len(groups)
    if ends is not None:
        s.sizes["groups"] = n_groups
        ends = s.offsets("r.item_offsets", "groups")
        if ends[-1] != len(items):
            s.fail("r.item_offsets", "must lead to the last of the items")
    ranked = s.array("r.ranked", np.int32, "rankings", 1)
    offsets = s.offsets("r.offsets", "rankings")
    item = s.array("r.item", np.int32, int(offsets[-1]), 0, len(items) - 1)
    s.check("r.ranked", ranked <= np.diff(offsets), "must be at most the ranking's items", ranked)
    tied = s.optional("r.tied", Saved.array, np.bool_, len(item))
    weight = s.optional("r.weight", Saved.array, np.float64, "rankings", 0.0)
    group = s.optional("r.group", Saved.array, np.int32, "rankings", 0, n_groups - 1)
    s.same("r.group", group, groups is not None)
    if group is not None and ends is not None:
        own = np.repeat(group, np.diff(offsets))
        inside = (item >= ends[own]) & (item < ends[own + 1])
        s.check("r.item", inside, "must be an item of the ranking's group", item)
    clusters = s.optional("r.clusters", Saved.labels, "clusters")
    most = 0 if clusters is None else len(clusters) - 1
    cluster = s.optional("r.cluster", Saved.array, np.int32, "rankings", 0, most)
    s.same("r.cluster", cluster, clusters is not None)
    labels = s.optional("r.labels", Saved.labels, "rankings")
    arrays = Arrays(items, offsets, item, ranked, tied, weight, group, groups, ends, cluster,
                    clusters, labels)  # fmt: skip
    r = Rankings.from_arrays(arrays)
    names: Any = labels_of(r).tolist()
    if len(set(names)) < len(names):
        s.fail("r.items", "must not name anything twice in a group")
    return r
