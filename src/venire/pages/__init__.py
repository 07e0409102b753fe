"""Pages: a result as one HTML file that needs nothing else, to read, send around and print."""

from venire.pages._report import report

__all__ = ["report"]
