"""venire: calibrated numbers from the votes of a panel of judges.

What most users type stands here; the rest in the namespaces `data`, `ratings`, `panel`,
`resampling`, `ensembles`, `design`, `diagnostics`, `targets`, `distillation`, `io`, `batch`,
`plots`, `pages`, `simulate`, `datasets`, `models`, `scales`, `errors`, `sklearn`, `bench`,
`reference`, and, for other packages, `kernels` and `jit`. Each name is loaded when it is first
asked for.
"""

from typing import TYPE_CHECKING

__version__ = "0.1.0"

__all__ = [
    "BetaPosterior",
    "Columns",
    "Comparisons",
    "ConvergenceError",
    "ConvergenceWarning",
    "Fit",
    "GaussianPrior",
    "GroupedComparisons",
    "GroupedFit",
    "Model",
    "NotIdentifiedError",
    "NotIdentifiedWarning",
    "Rankings",
    "VoteColumns",
    "Votes",
    "audit",
    "bootstrap",
    "bootstrap_statistic",
    "bootstrap_weights",
    "calibrate",
    "consensus",
    "fit_bradley_terry",
    "fit_davidson",
    "fit_groups",
    "fit_path",
    "fit_plackett_luce",
    "fit_rao_kupper",
    "fit_thurstone",
    "fit_judges",
    "fit_votes",
    "from_frame",
    "get_include",
    "rate",
    "read",
    "show_config",
]

if TYPE_CHECKING:
    from venire import (
        batch as batch,
    )
    from venire import (
        bench as bench,
    )
    from venire import (
        data as data,
    )
    from venire import (
        datasets as datasets,
    )
    from venire import (
        design as design,
    )
    from venire import (
        diagnostics as diagnostics,
    )
    from venire import (
        distillation as distillation,
    )
    from venire import (
        ensembles as ensembles,
    )
    from venire import (
        errors as errors,
    )
    from venire import (
        io as io,
    )
    from venire import (
        jit as jit,
    )
    from venire import (
        kernels as kernels,
    )
    from venire import (
        models as models,
    )
    from venire import (
        pages as pages,
    )
    from venire import (
        panel as panel,
    )
    from venire import (
        plots as plots,
    )
    from venire import (
        ratings as ratings,
    )
    from venire import (
        reference as reference,
    )
    from venire import (
        resampling as resampling,
    )
    from venire import (
        scales as scales,
    )
    from venire import (
        simulate as simulate,
    )
    from venire import (
        sklearn as sklearn,
    )
    from venire import (
        targets as targets,
    )
    from venire._config import show_config
    from venire.data import (
        Columns,
        Comparisons,
        GroupedComparisons,
        Rankings,
        VoteColumns,
        Votes,
        from_frame,
    )
    from venire.diagnostics import audit
    from venire.errors import (
        ConvergenceError,
        ConvergenceWarning,
        NotIdentifiedError,
        NotIdentifiedWarning,
    )
    from venire.io import read
    from venire.kernels import get_include
    from venire.models import Model
    from venire.panel import BetaPosterior, consensus
    from venire.priors import GaussianPrior
    from venire.ratings import (
        Fit,
        GroupedFit,
        calibrate,
        fit_bradley_terry,
        fit_davidson,
        fit_groups,
        fit_path,
        fit_plackett_luce,
        fit_rao_kupper,
        fit_thurstone,
    )
    from venire.resampling import bootstrap, bootstrap_statistic, bootstrap_weights
    from venire.targets import fit_judges, fit_votes, rate
else:
    _NAMESPACES = {
        "batch", "bench", "data", "datasets", "design", "diagnostics", "distillation", "ensembles",
        "errors", "io", "jit", "kernels", "models", "pages", "panel", "plots", "ratings",
        "reference", "resampling", "scales", "simulate", "sklearn", "targets",
    }  # fmt: skip
    _FROM = {
        "_config": "show_config",
        "data": "Columns Comparisons GroupedComparisons Rankings VoteColumns Votes from_frame",
        "diagnostics": "audit",
        "errors": "ConvergenceError ConvergenceWarning NotIdentifiedError NotIdentifiedWarning",
        "io": "read",
        "kernels": "get_include",
        "models": "Model",
        "panel": "BetaPosterior consensus",
        "priors": "GaussianPrior",
        "ratings": "Fit GroupedFit calibrate fit_bradley_terry fit_davidson fit_groups "
        "fit_path fit_plackett_luce fit_rao_kupper fit_thurstone",
        "resampling": "bootstrap bootstrap_statistic bootstrap_weights",
        "targets": "fit_judges fit_votes rate",
    }
    _PLACE = {name: module for module, names in _FROM.items() for name in names.split()}

    def __getattr__(name):
        from importlib import import_module

        if name in _NAMESPACES:
            return import_module(f"venire.{name}")
        if name in _PLACE:
            found = getattr(import_module(f"venire.{_PLACE[name]}"), name)
            globals()[name] = found  # the next time it is at hand
            return found
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    def __dir__():
        return sorted({*__all__, *_NAMESPACES, "__version__"})
