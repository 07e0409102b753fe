"""Compiled code and ours, by Numba: kernels that work inside a caller's own ``@njit`` functions.

``from venire import jit``, then ``jit.beta_cdf(a, b, x)`` inside ``@njit``, in ``prange`` and in
``@vectorize``: a call to the kernel itself, no Python in between, about as dear as the arithmetic.
Code that is compiled with ``cache=True`` is found again in another process. Each function can be
called from Python too. Numba (``pip install 'venire[jit]'``) is loaded when one is first asked for.
"""

from typing import TYPE_CHECKING

__all__ = [
    "beta_cdf",
    "beta_cdf_many",
    "beta_greater",
    "beta_greater_many",
    "beta_logpdf",
    "beta_logpdf_many",
    "beta_quantile",
    "beta_quantile_many",
    "beta_sf",
    "beta_sf_many",
    "beta_update",
    "bootstrap_counts",
    "cells_derivatives",
    "cells_log_likelihood",
    "fit_small",
    "link",
    "link_curvature",
    "link_slope",
    "model",
    "multinomial_counts",
    "stream_beta",
    "stream_beta_many",
    "stream_normal",
    "stream_normal_many",
    "stream_poisson",
    "stream_poisson_many",
    "stream_uniform",
    "stream_uniform_many",
]

if TYPE_CHECKING:
    from venire.jit.beta import (
        beta_cdf,
        beta_greater,
        beta_logpdf,
        beta_quantile,
        beta_sf,
        beta_update,
    )
    from venire.jit.beta_many import (
        beta_cdf_many,
        beta_greater_many,
        beta_logpdf_many,
        beta_quantile_many,
        beta_sf_many,
    )
    from venire.jit.fits import (
        bootstrap_counts,
        fit_small,
        multinomial_counts,
    )
    from venire.jit.links import (
        cells_derivatives,
        cells_log_likelihood,
        link,
        link_curvature,
        link_slope,
        model,
    )
    from venire.jit.streams import (
        stream_beta,
        stream_beta_many,
        stream_normal,
        stream_normal_many,
        stream_poisson,
        stream_poisson_many,
        stream_uniform,
        stream_uniform_many,
    )
else:

    def __getattr__(name):
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        for part in ("beta", "beta_many", "links", "streams", "fits"):
            module = import_module(f"venire.jit.{part}")
            for own in module.__all__:
                globals()[own] = getattr(module, own)
        # whoever asks may be Numba, in the middle of a compilation that began without these
        from numba.core.registry import cpu_target

        cpu_target.typing_context.refresh()
        cpu_target.target_context.refresh()
        return globals()[name]

    def __dir__():
        return sorted(__all__)
