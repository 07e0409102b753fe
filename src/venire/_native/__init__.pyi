from typing import Any

# The compiled modules have no annotations that a type checker can read.
def __getattr__(name: str) -> Any: ...
