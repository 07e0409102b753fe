"""Checks of voters (clusters of rows), and of what the top of the ranking hangs on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from venire.diagnostics._evidence import Evidence
from venire.diagnostics._finding import FINE, GRAVE, MOST, WORTH, Finding, further, listed, odds_of
from venire.diagnostics._records import Records
from venire.diagnostics._solve import log_sum_tail, solve
from venire.diagnostics._store import by_key, total

__all__ = ["against", "fans", "influence", "repeated"]

Floats = NDArray[np.float64]
_RIVALS = 4  # items behind the leader
_CERTAIN = np.log(1e-4)
_PIECE = 1 << 16
_CELLS = 2_000_000  # voters times items that are looked at


def repeated(e: Evidence) -> Iterator[Finding]:
    """The same voter on the same pair, more often than chance brings them together."""
    r = e.records
    if r is None or r.clusters is None:
        return
    n = len(e.items)
    found = _meetings(e, r, r.clusters)
    numbers = {"voter_pairs": found.n, "repeats": found.surplus}
    if not len(found.key):
        text = (
            "no voter came to one pair much more often than by chance "
            f"({found.surplus:,.4g} repeats)."
        )
        yield Finding("same voter, same pair", FINE, text, numbers)
        return
    by = np.lexsort((found.log_p, -np.floor(found.mass)))
    pair, voter = np.divmod(found.key[by], len(r.clusters))
    ends = [divmod(int(x), n) for x in pair[:MOST]]
    i, j = ends[0]
    held, due = float(found.mass[by[0]]), float(found.due[by[0]])
    share = float(found.mass.sum() / found.total)
    rows, points = _of_one(r, n, int(pair[0]), int(voter[0]))
    got, ahead = max((points, i), (held - points, j))
    more = further(len(by) - 1, "such case", ("is", "are"), "there")
    split = held - got > 0.2 * held
    often = np.floor(held)
    grave = often >= 10 and often >= 8.0 * due
    yield Finding(
        "same voter, same pair", GRAVE if grave else WORTH,
        f"voter {listed([r.clusters[voter[0]]])} judged {listed([e.named(i, j)])} {held:,.4g} "
        f"times where {due:.2g} were to be expected, "
        + (f"and contradicts itself ({got:,.4g} points for {listed([e.items[ahead]])})."
           if split else f"{got:,.4g} points for {listed([e.items[ahead]])}.") + more,
        {**numbers, "pairs": len(by), "share": share, "most": held,
         "expected": due, "log_p": float(found.log_p[by[0]])},
        {"clusters": tuple(dict.fromkeys(r.clusters[voter].tolist()))[:MOST],
         "pairs": tuple(e.named(*x) for x in ends),
         "rows": tuple(rows) if r.are_rows else ()},
        "Repeats of one opinion are not independent: keep one vote a voter and pair, or use errors "
        "by cluster.", share * 5.0 + float(np.log10(often)),
    )  # fmt: skip


class _Meetings(NamedTuple):
    """Voters who came to a pair too often: number of pair and voter, how often, what is due; and of
    all pairs of a voter and a pair how many there are, their mass, and what is beyond one each."""

    key: NDArray[np.int64]
    mass: Floats
    due: Floats
    log_p: Floats
    n: int
    total: float
    surplus: float


def _meetings(e: Evidence, r: Records, clusters: NDArray[Any]) -> _Meetings:
    from scipy.special import gammaln

    items, voters = len(e.items), len(clusters)
    plain = not r.has("mass") or r.has("unit")
    of_voter = np.zeros(voters)
    for block in r.blocks():
        np.add.at(of_voter, block.cluster, 1.0 if plain else block.masses)
    whole = float(of_voter.sum())

    def rows() -> Iterator[tuple[NDArray[Any], ...]]:
        for block in r.blocks():
            pair = block.pair(items)
            key = pair * voters
            key += block.cluster
            yield (pair.view(np.uint64), key) if plain else (
                pair.view(np.uint64), key, block.masses
            )  # fmt: skip

    n, surplus = 0, 0.0
    odd: list[tuple[Any, ...]] = [(np.empty(0, np.int64), *np.empty((3, 0)))]
    for _, key, *weights in by_key(rows, len(r), r.room, row_bytes=16 if plain else 24):
        if plain:
            key = np.sort(key)
            at = np.flatnonzero(np.r_[True, key[1:] != key[:-1]])
            mass = np.diff(np.r_[at, len(key)]).astype(np.float64)
        else:
            by = np.argsort(key, kind="stable")
            key = key[by]
            at = np.flatnonzero(np.r_[True, key[1:] != key[:-1]])
            mass = np.add.reduceat(weights[0][by], at)
        key = key[at]
        pair = key // voters
        which = np.cumsum(np.r_[True, pair[1:] != pair[:-1]]) - 1
        of_pair = np.bincount(which, mass)
        n, surplus = n + len(mass), surplus + total(mass[mass > 1.0] - 1.0)
        # log of a bound on the Poisson tail: P(X >= m) <= mean^m / m! * (m + 1) / (m + 1 - mean)
        few = np.flatnonzero(mass >= 3.0)
        m = np.floor(mass[few])
        n_voter, n_pair = of_voter[key[few] % voters], of_pair[which[few]]
        chance = (n_pair - m + 0.5) / (whole - n_voter + 1.0)  # as the others come to the pair
        due = (n_voter - m + 0.5) * chance / np.maximum(1.0 - chance, 0.1)
        due = np.maximum(due, 0.5 * n_voter * n_pair / whole)  # where the others are few
        with np.errstate(divide="ignore", invalid="ignore"):
            log_p = m * np.log(due) - due - gammaln(m + 1.0) + np.log((m + 1.0) / (m + 1.0 - due))
        log_p = np.where(m > due + 1.0, log_p, 0.0)
        far = (log_p + np.log(n) < _CERTAIN) & (m >= 3.0 * due)
        odd.append((key[few[far]], mass[few[far]], due[far], log_p[far]))
    key, mass, due, log_p = (np.concatenate(x) for x in zip(*odd, strict=True))
    log_p = log_p + np.log(n)
    far = np.flatnonzero(log_p < _CERTAIN)
    far = far[np.argsort(key[far], kind="stable")]
    return _Meetings(key[far], mass[far], due[far], log_p[far], n, whole, surplus)


def _of_one(r: Records, n: int, pair: int, voter: int) -> tuple[list[int], float]:
    """The first rows of a voter on a pair, and the points of the smaller item in all of them."""
    rows: list[int] = []
    points = 0.0
    for block in r.blocks():
        here = np.flatnonzero((block.cluster == voter) & (block.pair(n) == pair))
        if len(here):
            some = block.take(here)
            got = np.where(some.first == pair // n, some.score, 1.0 - some.score)
            points += float((got if r.has("unit") else some.masses * got).sum())
            rows += some.rows[: MOST - len(rows)].tolist()
    return rows, points


def against(e: Evidence) -> Iterator[Finding]:
    """Voters who vote against the others, at random, or for one side."""
    r = e.records
    if r is None or r.clusters is None or len(r.clusters) < 3:
        return
    clusters, n = r.clusters, len(r.clusters)
    mass, know, pull, blind, seen, lean, sided, varied, cubes, slanted = np.zeros((10, n))
    for block in r.blocks():
        residual, variance, d = e.residuals(block)
        voter, masses = block.cluster, block.masses
        side = np.ones(len(block)) if block.order is None else block.order.astype(np.float64)
        # What one comparison adds: the ratio of third to second moments.
        skew = np.maximum(1.0 - 2.0 * variance / np.maximum(masses, 1e-300), 0.3)
        for sums, x in (
            (mass, masses), (know, variance * d * d), (pull, residual * d),
            (blind, masses * (block.score - 0.5) * d), (seen, masses * d * d),
            (lean, residual * side), (sided, variance * side * side), (varied, variance),
            (cubes, variance * skew * np.abs(d) ** 3), (slanted, masses * np.abs(side)),
        ):  # fmt: skip
            np.add.at(sums, voter, x)
    # Score test of the factor on differences, 1 for voters like the others, 0 at random.
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = 1.0 + pull / know
        z = pull / np.sqrt(know)
        blind = blind / np.sqrt(seen / 4.0)
        rate = lean / np.maximum(slanted, 1e-300)
        lean = lean / np.sqrt(sided)
    own = np.sqrt(np.maximum(varied, 1e-12))
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
    if r is None or r.clusters is None or len(r.clusters) < 2:
        return
    n, voters = len(e.items), len(r.clusters)
    chosen = np.arange(voters)
    place = None
    if n * voters > _CELLS:  # the busiest; what others do weighs little
        often = np.zeros(voters, np.int64)
        for block in r.blocks():
            np.add.at(often, block.cluster, 1)
        chosen = np.argsort(-often, kind="stable")[: max(_CELLS // n, 1)]
        place = np.full(voters, -1)
        place[chosen] = np.arange(len(chosen))
    own, known, push, pulled = np.zeros((4, len(chosen) * n))
    for block in r.blocks():
        residual, variance, _ = e.residuals(block)
        first, second, voter = block.first, block.second, block.cluster
        if place is not None:
            voter = place[voter]
            keep = np.flatnonzero(voter >= 0)
            first, second, voter = first[keep], second[keep], voter[keep]
            residual, variance = residual[keep], variance[keep]
        base = voter.astype(np.int64) * n
        for up, down, x in ((own, known, variance), (push, pulled, residual)):
            np.add.at(up, base + first, x)
            np.add.at(down, base + second, x)
    own += known
    push -= pulled
    root = np.sqrt(np.maximum(own, 1e-12))
    z = np.where(own > 0.5, push / root, 0.0)
    log_p = np.empty(len(z))
    for at in range(0, len(z), _PIECE):  # for the sake of memory
        part = slice(at, at + _PIECE)
        log_p[part] = log_sum_tail(z[part], 1.0 / root[part])
    log_p += np.log1p(int((own > 0.5).sum()))
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
        who = "voter or item" if e.records is not None and e.records.has("cluster") else "item"
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
    if r is None or r.clusters is None or len(r.clusters) < 2:
        return
    n = len(r.clusters)
    push, noise, most = np.zeros((3, n))
    for block in r.blocks():
        residual, variance, _ = e.residuals(block)
        lever = y[block.first] - y[block.second]
        np.add.at(push, block.cluster, residual * lever)
        np.add.at(noise, block.cluster, variance * lever * lever)
        np.maximum.at(most, block.cluster, np.abs(lever))
    noise = np.sqrt(noise)
    k = int(np.argmax(push))
    z = push[k] / max(noise[k], 1e-12)
    jump = float(most[k]) / max(noise[k], 1e-12)
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
