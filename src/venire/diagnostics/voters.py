"""Checks of voters (clusters of rows), and of what the top of the ranking hangs on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from venire.diagnostics._evidence import Evidence
from venire.diagnostics._finding import FINE, GRAVE, MOST, WORTH, Finding, further, listed, odds_of
from venire.diagnostics._solve import log_sum_tail, solve

__all__ = ["against", "fans", "influence", "repeated"]

Floats = NDArray[np.float64]
_RIVALS = 4  # items behind the leader
_CERTAIN = np.log(1e-4)
_CELLS = 2_000_000  # voters times items that are looked at


def repeated(e: Evidence) -> Iterator[Finding]:
    """The same voter on the same pair, more often than chance brings them together."""
    from scipy.special import gammaln

    r = e.records
    if r is None or r.cluster is None or r.clusters is None:
        return
    n, voters = len(e.items), len(r.clusters)
    key = e.pair_of_record * voters
    key += r.cluster
    if r.mass is None or r.unit is not None:
        found = np.sort(key)
        at = np.flatnonzero(np.r_[True, found[1:] != found[:-1]])
        mass = np.diff(np.r_[at, len(key)]).astype(np.float64)
        of_voter = np.bincount(r.cluster, np.ones(len(r)))
    else:
        by = np.argsort(key)
        found = key[by]
        at = np.flatnonzero(np.r_[True, found[1:] != found[:-1]])
        mass = np.add.reduceat(r.mass[by], at)
        of_voter = np.bincount(r.cluster, r.mass)
    found = found[at]
    pair = found // voters
    total = float(mass.sum())
    which = np.cumsum(np.r_[True, pair[1:] != pair[:-1]]) - 1
    of_pair = np.bincount(which, mass)
    # log of a bound on the Poisson tail: P(X >= m) <= mean^m / m! * (m + 1) / (m + 1 - mean)
    few = np.flatnonzero(mass >= 3.0)
    m, voter = np.floor(mass[few]), found[few] % voters
    n_voter, n_pair = of_voter[voter], of_pair[which[few]]
    chance = (n_pair - m + 0.5) / (total - n_voter + 1.0)  # as the others come to the pair
    due = (n_voter - m + 0.5) * chance / np.maximum(1.0 - chance, 0.1)
    due = np.maximum(due, 0.5 * n_voter * n_pair / total)  # where the others are few
    with np.errstate(divide="ignore", invalid="ignore"):
        log_p = m * np.log(due) - due - gammaln(m + 1.0) + np.log((m + 1.0) / (m + 1.0 - due))
    log_p = np.where(m > due + 1.0, log_p, 0.0) + np.log(len(mass))
    odd = np.flatnonzero((log_p < _CERTAIN) & (m >= 3.0 * due))
    surplus = float((mass[mass > 1.0] - 1.0).sum())
    numbers = {"voter_pairs": len(mass), "repeats": surplus}
    if not len(odd):
        text = f"no voter came to one pair much more often than by chance ({surplus:,.4g} repeats)."
        yield Finding("same voter, same pair", FINE, text, numbers)
        return
    odd = odd[np.lexsort((log_p[odd], -m[odd]))]
    k = int(odd[0])
    ends = [divmod(int(x), n) for x in pair[few[odd]]]
    i, j = ends[0]
    held = float(mass[few[k]])
    share = float(mass[few[odd]].sum() / total)
    rows = np.flatnonzero(key == found[few[k]])
    got = np.where(r.first == i, r.score, 1.0 - r.score)
    points = (got if r.unit is not None else r.masses * got)[rows].sum()
    got, ahead = max((points, i), (held - points, j))
    more = further(len(odd) - 1, "such case", ("is", "are"), "there")
    split = held - got > 0.2 * held
    grave = m[k] >= 10 and m[k] >= 8.0 * due[k]
    yield Finding(
        "same voter, same pair", GRAVE if grave else WORTH,
        f"voter {listed([r.clusters[voter[k]]])} judged {listed([e.named(i, j)])} {held:,.4g} "
        f"times where {due[k]:.2g} were to be expected, "
        + (f"and contradicts itself ({got:,.4g} points for {listed([e.items[ahead]])})."
           if split else f"{got:,.4g} points for {listed([e.items[ahead]])}.") + more,
        {**numbers, "pairs": len(odd), "share": share, "most": held,
         "expected": float(due[k]), "log_p": float(log_p[k])},
        {"clusters": tuple(dict.fromkeys(r.clusters[voter[odd]].tolist()))[:MOST],
         "pairs": tuple(e.named(*x) for x in ends[:MOST]),
         "rows": tuple(rows[:MOST].tolist()) if r.are_rows else ()},
        "Repeats of one opinion are not independent: keep one vote a voter and pair, or use errors "
        "by cluster.", share * 5.0 + float(np.log10(m[k])),
    )  # fmt: skip


def against(e: Evidence) -> Iterator[Finding]:
    """Voters who vote against the others, at random, or for one side."""
    r = e.records
    if r is None or r.cluster is None or r.clusters is None or len(r.clusters) < 3:
        return
    residual, variance, d = e.record_law
    voter, clusters, n = r.cluster, r.clusters, len(r.clusters)

    def by_voter(x: Floats) -> Floats:
        return np.asarray(np.bincount(voter, x, n), np.float64)

    mass = by_voter(r.masses)
    # Score test of the factor on differences, 1 for voters like the others, 0 at random.
    know = by_voter(variance * d * d)
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = 1.0 + by_voter(residual * d) / know
        z = by_voter(residual * d) / np.sqrt(know)
        blind = by_voter(r.masses * (r.score - 0.5) * d) / np.sqrt(by_voter(r.masses * d * d) / 4.0)
    side = np.ones(len(r)) if r.order is None else r.order.astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        lean = by_voter(residual * side) / np.sqrt(by_voter(variance * side * side))
    own = np.sqrt(np.maximum(by_voter(variance), 1e-12))
    count = np.log(max(n, 1))
    found = False

    def sure(z: Floats, jump: Floats) -> NDArray[np.bool_]:
        return log_sum_tail(z, np.maximum(jump, 1e-9)) + count < _CERTAIN

    def said(name: str, which: Any, value: Floats, text: str, do: str, grave: bool) -> Finding:
        which = which[np.argsort(-np.abs(value[which]), kind="stable")]
        share = float(mass[which].sum() / mass.sum())
        k = int(which[0])
        voters = "voter votes" if len(which) == 1 else "voters vote"
        return Finding(
            name, GRAVE if grave and share >= 0.01 else WORTH,
            f"{len(which):,} {voters} {text}: {listed(clusters[which], n=len(which))} "
            f"({mass[k]:,.4g} comparisons, z = {value[k]:+.1f}); {share:.1%} of all comparisons.",
            {"voters": len(which), "share": share, "z": float(value[k]), "slope": float(slope[k])},
            {"clusters": tuple(clusters[which[:MOST]].tolist())}, do, share * 10.0,
        )  # fmt: skip

    # What one comparison adds: the ratio of third to second moments.
    cubes = by_voter(
        variance
        * np.maximum(1.0 - 2.0 * variance / np.maximum(r.masses, 1e-300), 0.3)
        * np.abs(d) ** 3
    )
    odd = (know > 0.5) & (z < 0.0) & (slope < 0.4)
    odd &= sure(np.where(odd, z, 0.0), cubes / np.maximum(know, 1e-12) ** 1.5)
    turned = odd & (slope < -0.3) & (blind < -2.0)
    if turned.any():
        found = True
        yield said(
            "voters against", np.flatnonzero(turned), z, "against the others",
            "Were their answers, or the two sides, swapped? Leave them out or turn them.", True,
        )  # fmt: skip
    random = odd & ~turned
    if random.any():
        found = True
        which = np.flatnonzero(random)
        yield said(
            "voters at random", which, z, "as if at random",
            "They add noise and pull ratings together: leave them out, or weigh voters.",
            bool(mass[which].sum() > 0.1 * mass.sum() and slope[which].min() < 0.2),
        )  # fmt: skip
    one_side = sure(np.where(np.isfinite(lean), lean, 0.0), 1.0 / own)
    rate = by_voter(residual * side) / np.maximum(by_voter(r.masses * np.abs(side)), 1e-300)
    one_side &= np.abs(rate) >= 0.1
    if one_side.any() and e.has_order:
        found = True
        which = np.flatnonzero(one_side)
        yield said(
            "voters for one side", which, lean, "for one side, whatever stands there",
            "Show them each pair in both orders, or leave them out.",
            bool(mass[which].sum() > 0.05 * mass.sum()),
        )  # fmt: skip
    if not found:
        yield Finding("voters", FINE, f"all {n:,} voters vote with the others.")


def fans(e: Evidence) -> Iterator[Finding]:
    """Voters who favour, or disfavour, one item."""
    r = e.records
    if r is None or r.cluster is None or r.clusters is None or len(r.clusters) < 2:
        return
    residual, variance, _ = e.record_law
    n, voters = len(e.items), len(r.clusters)
    place: Any = r.cluster
    chosen = np.arange(voters)
    if n * voters > _CELLS:  # the busiest; what others do weighs little
        chosen = np.argsort(-np.bincount(r.cluster, minlength=voters), kind="stable")
        chosen = chosen[: max(_CELLS // n, 1)]
        where = np.full(voters, -1)
        where[chosen] = np.arange(len(chosen))
        place = where[r.cluster]
    keep: Any = place >= 0
    keep = slice(None) if keep.all() else keep
    base = place[keep].astype(np.int64) * n
    size = len(chosen) * n

    def both(x: Floats, sign: float) -> Floats:
        x = x[keep]
        up = np.bincount(base + r.first[keep], x, size)
        return np.asarray(up + np.bincount(base + r.second[keep], sign * x, size), np.float64)

    own = both(variance, 1.0)
    root = np.sqrt(np.maximum(own, 1e-12))
    push = both(residual, -1.0)
    z = np.where(own > 0.5, push / root, 0.0)
    log_p = log_sum_tail(z, 1.0 / root) + np.log1p(int((own > 0.5).sum()))
    odd = np.flatnonzero((log_p < _CERTAIN) & (own > 0.5))
    if not len(odd):
        return
    odd = odd[np.argsort(log_p[odd], kind="stable")]
    k = int(odd[0])
    voter, item = r.clusters[chosen[k // n]], e.items[k % n]
    more = further(len(odd) - 1, "such case", ("is", "are"), "there")
    yield Finding(
        "voters for one item", WORTH,
        f"voter {listed([voter])} gives {listed([item])} {abs(push[k]):,.4g} points "
        f"{'more' if push[k] > 0 else 'less'} than the others would (z = {z[k]:+.1f}, "
        f"{odds_of(float(log_p[k]))}, corrected for all voters and items).{more}",
        {"points": float(push[k]), "z": float(z[k]), "log_p": float(log_p[k])},
        {"clusters": (voter,), "items": (item,)},
        "A fan, or the item's own maker? Rate without this voter for comparison.",
        float(min(abs(z[k]), 30.0)) / 10.0,
    )  # fmt: skip


def influence(e: Evidence) -> Iterator[Finding]:
    """Voters and items whose removal would change who leads, beyond what chance explains.

    One step of Newton's method from the fit without them: the infinitesimal jackknife (Giordano et
    al. 2019, arXiv:1806.00550; Jaeckel 1972).
    """
    fit, c, n = e.fit, e.comparisons, len(e.items)
    label, _ = e.strong
    inside = np.flatnonzero(label == np.argmax(np.bincount(label)))
    if len(inside) < 3:
        return
    best = inside[np.argsort(-fit.theta[inside], kind="stable")]
    leader, rivals = int(best[0]), best[1 : 1 + (_RIVALS if n <= 1_500 else 1)]
    mean, variance, _ = e.cell_law
    weight = e.mass * variance
    left = c.win + c.tie / 2.0 - e.mass * mean
    right = np.zeros((n, len(rivals)))
    right[leader], right[rivals, np.arange(len(rivals))] = 1.0, -1.0
    columns = solve(e, weight, right if n <= 1_500 else right[:, 0], 0.01).reshape(n, -1)
    found = False
    for rival, y in zip(rivals, columns.T, strict=True):
        gap = float(fit.theta[leader] - fit.theta[rival])
        error = float(np.sqrt(max(y[leader] - y[rival], 0.0)))
        for finding in (
            *_of_voters(e, y, gap, error, leader, int(rival)),
            *_of_items(e, y, gap, error, leader, int(rival), left, weight),
        ):
            found = True
            yield finding
        if found:
            break
    if not found:
        who = "voter or item" if e.records is not None and e.records.cluster is not None else "item"
        text = f"no single {who} decides beyond chance that {listed([e.items[leader]])} leads."
        yield Finding(
            "influence", FINE, text, {"gap": float(fit.theta[leader] - fit.theta[rivals[0]])}
        )


def _said(
    e: Evidence, what: str, name: Any, push: float, z: float, log_p: float,
    gap: float, error: float, leader: int, rival: int,
) -> Finding:  # fmt: skip
    flips = push >= gap
    top, next_ = listed([e.items[leader]]), listed([e.items[rival]])
    text = (
        f"without {what} {listed([name])} {next_} would lead instead of {top}"
        if flips else
        f"{what} {listed([name])} alone moves {top} by {push:+.2f} against {next_} (of {gap:.2f})"
    )  # fmt: skip
    return Finding(
        "influence", GRAVE if flips else WORTH,
        f"{text}: it moves the difference of {gap:.2f} (SE {error:.2f}) by {push:+.2f} "
        f"({odds_of(log_p)}).",
        {"gap": gap, "standard_error": error, "moves": push, "z": z, "log_p": log_p},
        {f"{what}s" if what == "item" else "clusters": (name,)},
        f"Look at its rows, and rate without {'them' if what == 'voter' else 'it'} for comparison.",
        abs(push) / max(error, 1e-9),
    )  # fmt: skip


def _of_voters(
    e: Evidence, y: Floats, gap: float, error: float, leader: int, rival: int
) -> Iterator[Finding]:
    r = e.records
    if r is None or r.cluster is None or r.clusters is None or len(r.clusters) < 2:
        return
    residual, variance, _ = e.record_law
    n = len(r.clusters)
    lever = y[r.first] - y[r.second]
    push = np.bincount(r.cluster, residual * lever, n)
    noise = np.sqrt(np.bincount(r.cluster, variance * lever * lever, n))
    k = int(np.argmax(push))
    z = push[k] / max(noise[k], 1e-12)
    jump = float(np.abs(lever[r.cluster == k]).max()) / max(noise[k], 1e-12)
    log_p = float(min(log_sum_tail(z, jump) + np.log(n * _RIVALS), 0.0))
    if log_p < _CERTAIN and push[k] >= error:
        yield _said(
            e, "voter", r.clusters[k], float(push[k]), float(z), log_p, gap, error, leader, rival
        )


def _of_items(
    e: Evidence, y: Floats, gap: float, error: float, leader: int, rival: int,
    left: Floats, weight: Floats,
) -> Iterator[Finding]:  # fmt: skip
    c, n = e.comparisons, len(e.items)

    def both(of_first: Floats, of_second: Floats) -> Floats:
        both = np.bincount(c.first, of_first, n) + np.bincount(c.second, of_second, n)
        return np.asarray(both, np.float64)

    # An item's games push its opponents; what they say of itself goes with it.
    push = both(-left * y[c.second], left * y[c.first])
    own = both(weight, weight)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = both(weight * y[c.second], weight * y[c.first]) / own
    spread = both(weight * y[c.second] ** 2, weight * y[c.first] ** 2) - own * mean**2
    z = np.where(spread > 1e-12, push / np.sqrt(np.maximum(spread, 1e-12)), 0.0)
    z[[leader, rival]] = 0.0
    k = int(np.argmax(np.where(z != 0.0, push, -np.inf)))
    met = np.concatenate([c.second[c.first == k], c.first[c.second == k]])
    jump = float(np.abs(y[met] - mean[k]).max()) / np.sqrt(max(spread[k], 1e-12))
    log_p = float(min(log_sum_tail(z[k], jump) + np.log(n * _RIVALS), 0.0))
    if log_p < _CERTAIN and push[k] >= error:
        yield _said(
            e, "item", e.items[k], float(push[k]), float(z[k]), log_p, gap, error, leader, rival
        )
