"""`tfviz doctor show`: one diagnosis in full."""

from __future__ import annotations

import click
from click.shell_completion import CompletionItem


class Identifier(click.ParamType):
    """The id of a diagnosis; completes it."""

    name = "id"

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """All ids that begin so."""
        from tfviz.catalogue.diagnosis import identifiers

        return [CompletionItem(each) for each in identifiers() if each.startswith(incomplete)]


@click.command("show")
@click.argument("identifier", metavar="ID", type=Identifier())
def command(identifier: str) -> None:
    """Show one diagnosis in full: wrong and right code, and why."""
    from tfviz.doctor.showing import show

    click.echo(show(identifier))
