"""The definition of correct: every kernel once more, in plain NumPy, to read and to compare with.

Nothing here is fast and nothing here calls compiled code of the package. The modules are meant to
be read in this order: `aggregate` (rows become cells), `links` (one cell's log-likelihood and its
derivatives), `components` and `existence` (is there a fit at all?), `newton` and `mm` (two ways to
find it), `covariance` (how sure is it?), `grouped` (many fits, each by itself), `calibration` (many
fits on one scale). `resampling` draws the weights of bootstrap
replicates. `beta` stands by itself: posteriors of votes.
"""

from venire.reference.aggregate import Cells, aggregate, cells_from_counts, merge
from venire.reference.beta import (
    beta_entropy,
    beta_expected_votes,
    beta_fit,
    beta_greater,
    beta_kl,
    beta_quantile,
    beta_sample,
    beta_shortest,
    beta_tails,
)
from venire.reference.calibration import ReferenceCalibration, calibrate, kappa
from venire.reference.components import Components, components
from venire.reference.covariance import covariance, information, sandwich
from venire.reference.existence import Existence, existence, require_existence
from venire.reference.grouped import (
    GroupedCells,
    ReferenceGroupedErrors,
    ReferenceGroupedFit,
    aggregate_groups,
    cells_of_group,
    fit_groups,
    grouped_errors,
)
from venire.reference.links import MODELS, TIE_MODELS, cell_terms, probabilities
from venire.reference.mm import State, fit_mm, hunter_sweep, newman_sweep
from venire.reference.newton import ReferenceFit, fit, item_weight, log_likelihood, residual
from venire.reference.resampling import (
    alias_table,
    bootstrap_draws,
    bootstrap_weights,
    poisson_weights,
    threefry,
)

__all__ = [
    "MODELS",
    "TIE_MODELS",
    "Cells",
    "Components",
    "Existence",
    "GroupedCells",
    "ReferenceCalibration",
    "ReferenceFit",
    "ReferenceGroupedErrors",
    "ReferenceGroupedFit",
    "State",
    "aggregate",
    "aggregate_groups",
    "alias_table",
    "beta_entropy",
    "beta_expected_votes",
    "beta_fit",
    "beta_greater",
    "beta_kl",
    "beta_quantile",
    "beta_sample",
    "beta_shortest",
    "beta_tails",
    "bootstrap_draws",
    "bootstrap_weights",
    "calibrate",
    "cell_terms",
    "cells_from_counts",
    "cells_of_group",
    "components",
    "covariance",
    "existence",
    "fit",
    "fit_groups",
    "fit_mm",
    "grouped_errors",
    "hunter_sweep",
    "information",
    "item_weight",
    "kappa",
    "log_likelihood",
    "merge",
    "newman_sweep",
    "poisson_weights",
    "probabilities",
    "require_existence",
    "residual",
    "sandwich",
    "threefry",
]
