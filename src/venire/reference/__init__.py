"""The definition of correct: every kernel once more, in plain NumPy, to read and to compare with.

Nothing here is fast and nothing here calls compiled code of the package: it is the baseline of
``venire bench``. Docstrings name the kernel of each twin. The modules are meant to be read in this
order: `aggregate` (rows become cells), `links` (one cell's log-likelihood and its derivatives),
`components` and `existence` (is there a fit at all?), `newton` and `mm` (two ways to find it),
`covariance` and `profile` (how sure is it?), `evidence` (which prior?), `paths` (ratings over
time), `plackett_luce` (of rankings), `grouped` (many fits, each by itself), `calibration` (many
fits on one scale), `ensembles` (the error of many predictions), `boosting` (the weights of the
next), `resampling` (the weights of bootstrap replicates), `streams` (random numbers), `chords` and
`replicates` (fits of them), `bagging` (lines fitted to them); of votes: `votes` (rows become
judgments), `panels` (judgments become one probability per pair), `beta` (their posteriors),
`teachers` (votes weighed by the ratings that they give), `judges` (fitted together with the
ratings); and of asking: `design` (the first pairs), `allocation` (the next ones).
"""

from venire.reference.aggregate import Cells, aggregate, cells_from_counts, merge
from venire.reference.allocation import (
    ReferencePicks,
    allocate_groups,
    candidate_pairs,
    effective_votes,
    held_out_losses,
    posterior_mode,
    prior_variance,
)
from venire.reference.bagging import ridge_replicates, weighted_grams
from venire.reference.beta import (
    beta_entropy,
    beta_expected_votes,
    beta_fit,
    beta_greater,
    beta_kl,
    beta_logpdf,
    beta_quantile,
    beta_sample,
    beta_shortest,
    beta_tails,
)
from venire.reference.boosting import r2_step, samme_step
from venire.reference.calibration import ReferenceCalibration, calibrate, kappa, tilted
from venire.reference.chords import replicate_fit
from venire.reference.components import Components, components
from venire.reference.covariance import (
    cluster_scores,
    covariance,
    information,
    pair_sums,
    sandwich,
)
from venire.reference.design import design_pairs
from venire.reference.ensembles import (
    ReferenceDecomposition,
    ReferenceZeroOne,
    decompose_squared,
    decompose_zero_one,
    mean_correlation,
    subset_errors,
)
from venire.reference.evidence import (
    ReferenceEvidence,
    evidence_precision,
    league_means,
    log_evidence,
    outcome_dispersion,
)
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
from venire.reference.judges import ReferenceJudgesFit, fit_judges, judges_given_ratings
from venire.reference.links import MODELS, TIE_MODELS, cell_terms, probabilities
from venire.reference.mm import State, fit_mm, hunter_sweep, newman_sweep
from venire.reference.newton import ReferenceFit, fit, item_weight, log_likelihood, residual
from venire.reference.panels import (
    Panel,
    Pooled,
    agreement_counts,
    consensus,
    error_correlation,
    panel,
    pool,
    self_consistency,
)
from venire.reference.paths import ReferencePath, fit_path
from venire.reference.plackett_luce import (
    fit_rankings,
    ranking_choices,
    rankings_derivatives,
    rankings_log_likelihood,
    rankings_strongly_connected,
)
from venire.reference.profile import profile_bounds
from venire.reference.replicates import ReferenceReplicates, bootstrap_groups
from venire.reference.resampling import (
    alias_table,
    bootstrap_draws,
    bootstrap_weights,
    group_keys,
    poisson_weights,
    threefry,
)
from venire.reference.streams import stream_normal, stream_poisson, stream_uniform
from venire.reference.sums import added_in_order
from venire.reference.teachers import (
    ReferenceVotesFit,
    expected_vote,
    fit_votes,
    teacher_weights,
)
from venire.reference.votes import VoteCells, merge_votes, vote_cells

__all__ = [
    "Cells",
    "Components",
    "Existence",
    "GroupedCells",
    "MODELS",
    "Panel",
    "Pooled",
    "ReferenceCalibration",
    "ReferenceDecomposition",
    "ReferenceEvidence",
    "ReferenceFit",
    "ReferenceGroupedErrors",
    "ReferenceGroupedFit",
    "ReferenceJudgesFit",
    "ReferencePath",
    "ReferencePicks",
    "ReferenceReplicates",
    "ReferenceVotesFit",
    "ReferenceZeroOne",
    "State",
    "TIE_MODELS",
    "VoteCells",
    "added_in_order",
    "aggregate",
    "aggregate_groups",
    "agreement_counts",
    "alias_table",
    "allocate_groups",
    "beta_entropy",
    "beta_expected_votes",
    "beta_fit",
    "beta_greater",
    "beta_kl",
    "beta_logpdf",
    "beta_quantile",
    "beta_sample",
    "beta_shortest",
    "beta_tails",
    "bootstrap_draws",
    "bootstrap_groups",
    "bootstrap_weights",
    "calibrate",
    "candidate_pairs",
    "cell_terms",
    "cells_from_counts",
    "cells_of_group",
    "cluster_scores",
    "components",
    "consensus",
    "covariance",
    "decompose_squared",
    "decompose_zero_one",
    "design_pairs",
    "effective_votes",
    "error_correlation",
    "evidence_precision",
    "existence",
    "expected_vote",
    "fit",
    "fit_groups",
    "fit_judges",
    "fit_mm",
    "fit_path",
    "fit_rankings",
    "fit_votes",
    "group_keys",
    "grouped_errors",
    "held_out_losses",
    "hunter_sweep",
    "information",
    "item_weight",
    "judges_given_ratings",
    "kappa",
    "league_means",
    "log_evidence",
    "log_likelihood",
    "mean_correlation",
    "merge",
    "merge_votes",
    "newman_sweep",
    "outcome_dispersion",
    "pair_sums",
    "panel",
    "poisson_weights",
    "pool",
    "posterior_mode",
    "prior_variance",
    "probabilities",
    "profile_bounds",
    "r2_step",
    "ranking_choices",
    "rankings_derivatives",
    "rankings_log_likelihood",
    "rankings_strongly_connected",
    "replicate_fit",
    "require_existence",
    "residual",
    "ridge_replicates",
    "samme_step",
    "sandwich",
    "self_consistency",
    "stream_normal",
    "stream_poisson",
    "stream_uniform",
    "subset_errors",
    "teacher_weights",
    "threefry",
    "tilted",
    "vote_cells",
    "weighted_grams",
]
