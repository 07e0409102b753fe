"""What became of a replicate."""

__all__ = ["DONE", "NOTHING", "NOT_CONVERGED", "NO_FIT", "UNSURE"]

DONE = 0
NO_FIT = 1  # no finite one exists
UNSURE = 2  # many steps at a time did not settle it: to be fitted by itself
NOT_CONVERGED = 3
NOTHING = 4  # there is nothing to draw
