"""Votes whose numbers are known to be 1, 0 and -1, though there may be no -1 among them."""

from __future__ import annotations

from venire.data.votes.reading import SIGNED


def signed(function, *args, **data):
    """Call a constructor of votes, and tell it so."""
    return function(*args, **data, **({"mapping": SIGNED} if "vote" in data else {}))
