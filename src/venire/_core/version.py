"""Version of the installed package."""

__all__ = ["version"]


def version() -> str:
    """The version, "unknown" in a source tree that was never installed."""
    from importlib.metadata import PackageNotFoundError
    from importlib.metadata import version as _version

    try:
        return _version("venire")
    except PackageNotFoundError:
        return "unknown"
