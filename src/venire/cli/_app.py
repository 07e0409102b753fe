"""The commands. Their options, and what they do, are in modules of their own."""

from __future__ import annotations

from typing import Annotated

import typer

from venire.cli import _bootstrap, _distill
from venire.cli._consensus import consensus
from venire.cli._fit import fit
from venire.cli._groups import groups
from venire.cli._version import version

__all__ = ["app"]

app = typer.Typer(
    name="venire",
    help="Ratings from paired comparisons and consensus of votes, with their uncertainty.",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)


def _show_version(wanted: bool) -> None:
    if wanted:
        print(f"venire {version()}")
        raise typer.Exit


@app.callback()
def venire(
    show_version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_show_version, is_eager=True, help="Print the version and stop."
        ),
    ] = False,
) -> None:
    """Ratings from paired comparisons and consensus of votes, with their uncertainty."""


app.command()(fit)
app.command()(_bootstrap.command(fit))
app.command()(groups)
app.command()(consensus)
app.add_typer(_distill.app)
