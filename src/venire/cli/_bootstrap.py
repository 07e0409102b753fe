"""``venire fit --bootstrap`` and ``venire bootstrap``: replicates until all are done, or Ctrl-C."""

from __future__ import annotations

import inspect
import time
import warnings
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from venire.cli._errors import Refused

if TYPE_CHECKING:
    from venire.cli._progress import Steps
    from venire.cli._run import Options, Outcome
    from venire.resampling import Bootstrap

__all__ = ["add", "command"]

FIRST, STEP = 2, 0.5  # replicates of the first part; seconds that further parts take, about
DEFAULT = 1000


def add(options: Options, outcome: Outcome, steps: Steps) -> Outcome:
    """The outcome with its bootstrap; interrupted, with the replicates that are done."""
    from venire import resampling

    wanted, notes = options.bootstrap or 0, list(outcome.notes)
    b: Bootstrap | None = None
    with steps("bootstrap"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the result says the same
        try:
            part = min(FIRST, wanted)
            while b is None or b.n_resamples < wanted:
                started = time.perf_counter()
                if b is None:
                    b = resampling.bootstrap(
                        outcome.fit,
                        part,
                        scheme=options.bootstrap_scheme,
                        rng=options.seed,
                        n_threads=options.threads,
                    )
                else:
                    b = b.extend(part)
                pace = part / max(time.perf_counter() - started, 1e-6)
                part = max(1, min(int(pace * STEP), 8 * part, wanted - b.n_resamples))
                steps.replicates(b.n_resamples, wanted)
        except KeyboardInterrupt:
            if b is None or b.n_resamples - b.n_failed < 2:
                raise
            notes.append(f"interrupted: {b.n_resamples:,} of {wanted:,} replicates were done")
        except ValueError as error:
            raise Refused(f"--bootstrap: {error}", 1) from None
    if b.n_resamples - b.n_failed - b.n_unconverged < 2:
        raise Refused("--bootstrap: next to no replicate has a finite fit: use --prior", 1)
    if b.unit == "cells":
        notes.append(
            "scores or weights are fractions: pairs were drawn again, not single comparisons"
        )
    trouble = {"have no finite fit": b.n_failed, "did not converge": b.n_unconverged}
    notes += [
        f"{count:,} of {b.n_resamples:,} replicates {what} and are left out"
        for what, count in trouble.items()
        if count
    ]
    return replace(outcome, notes=notes, bootstrap=b)


def command(fit: Callable[..., None]) -> Callable[..., None]:
    """``venire bootstrap``: the command `fit` with replicates by default."""

    def bootstrap(**options: Any) -> None:
        fit(**options)

    signature = inspect.signature(fit, eval_str=True)
    parameters = [
        p.replace(default=DEFAULT) if p.name == "bootstrap" else p
        for p in signature.parameters.values()
    ]
    bootstrap.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    bootstrap.__annotations__ = inspect.get_annotations(fit, eval_str=True)
    bootstrap.__doc__ = (
        "Rate the items of a file of comparisons, with intervals from a bootstrap.\n\n"
        "The same as fit --bootstrap 1000."
    )
    return bootstrap
