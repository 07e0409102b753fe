"""A small world for the tests of the loop: items with features, teachers that are functions."""

from __future__ import annotations

import numpy as np

import venire as vn


class World:
    """Groups of equal size; an item's label is its position, times a factor, in its group."""

    def __init__(self, n_groups=6, n_items=8, *, seed=0, level=0.0):
        rng = np.random.default_rng(seed)
        self.n_groups, self.n_items = n_groups, n_items
        self.features = rng.normal(size=(n_groups * n_items, 3))
        self.theta = self.features @ [2.0, -1.0, 0.0]
        self.level = level * rng.normal(size=n_groups)
        self.group = np.repeat(np.arange(n_groups), n_items)
        self.item = np.tile(np.arange(n_items), n_groups)
        self.luck = rng.random(1_000_000)

    @property
    def items(self):
        return self.group, self.item

    def difference(self, requests):
        def value(group, item):
            at = np.asarray(group, int) * self.n_items + np.asarray(item, int)
            return self.theta[at] + self.level[np.asarray(group, int)]

        return value(requests.group, requests.first) - value(requests.second_group, requests.second)

    def votes(self, requests, sharpness=2.0):
        """Votes that depend on the request and its pair alone."""
        p = 1.0 / (1.0 + np.exp(-sharpness * self.difference(requests)))
        return np.where(self.luck[requests.request] < p, 1, -1)

    def loop(self, teachers=("ann", "bea"), **options):
        return vn.distillation.Distillation(self.items, list(teachers), gold=self.theta, **options)


def play(loop, world, rounds=1, **options):
    """Ask and tell whole rounds."""
    for _ in range(rounds):
        requests = loop.ask(**options)
        loop.tell(requests.request, world.votes(requests))
    return loop


def same(one, other):
    """Whether two loops know the same, bit for bit."""
    a, b = one._state, other._state
    names = ("group", "first", "second_group", "second", "round", "ask", "teacher", "state", "vote")
    for name in names:
        x, y = getattr(a.ledger, name), getattr(b.ledger, name)
        if x.dtype != y.dtype or not np.array_equal(x, y):
            return False
    pairs = [
        (a.ledger.chances, b.ledger.chances),
        (a.prediction, b.prediction),
        (a.universe.gold, b.universe.gold),
    ]
    for x, y in pairs:
        if (x is None) != (y is None) or (x is not None and not np.array_equal(x, y, True)):
            return False
    return a.facts == b.facts and a.settings == b.settings
