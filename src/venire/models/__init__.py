"""The paired-comparison models as data: a table, and what callers add to it.

`MODELS` are the names of those that come with the package, `model_of` finds the row of a name, and
`Model.custom` makes a row of functions that somebody brings.
"""

from venire.models.table import (
    ALIASES,
    DEFAULT,
    HALF_TIES,
    MODELS,
    RANKINGS,
    Model,
    TieLaw,
    functions_of,
    half_tie_model,
    model_of,
    names,
)

__all__ = [
    "ALIASES",
    "DEFAULT",
    "HALF_TIES",
    "MODELS",
    "RANKINGS",
    "Model",
    "TieLaw",
    "functions_of",
    "half_tie_model",
    "model_of",
    "names",
]
