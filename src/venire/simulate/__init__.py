"""Comparisons drawn from a model, on graphs of every shape.

`comparisons` draws outcomes for pairs of some shape. `graph` makes pairs, `play` gives each
pair a number of games with at least one win on both sides (so that a fit is certain to exist), and
the functions at the end make the workloads that the benchmarks are named after. `votes` and `panel`
draw teachers' votes. `world` makes groups of items with features, about which `teachers` of every
kind can be asked, and `plan` says what quality a budget of such votes buys. Everything is
determined by the arguments and `rng`.
"""

from venire.simulate._graphs import GRAPHS, SHAPES, graph
from venire.simulate._panels import SimulatedVotes, panel, votes
from venire.simulate._plan import Plan, plan
from venire.simulate._rows import Simulated, comparisons, outcomes, permuted, play
from venire.simulate._student import RidgeStudent, out_of_fold
from venire.simulate._teachers import PRESETS, Teachers, teachers
from venire.simulate._workloads import (
    Queries,
    arena,
    chain,
    dense,
    ladder,
    nearly_separable,
    queries,
)
from venire.simulate._world import World, world

__all__ = [
    "GRAPHS",
    "PRESETS",
    "Plan",
    "RidgeStudent",
    "Queries",
    "SHAPES",
    "Simulated",
    "SimulatedVotes",
    "Teachers",
    "World",
    "arena",
    "chain",
    "comparisons",
    "dense",
    "graph",
    "ladder",
    "nearly_separable",
    "outcomes",
    "out_of_fold",
    "panel",
    "permuted",
    "plan",
    "play",
    "queries",
    "teachers",
    "votes",
    "world",
]
