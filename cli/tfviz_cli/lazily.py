"""Groups of commands whose modules are imported when they are called, not to show the help."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import Any

import click


class LazyGroup(click.Group):
    """A group of commands from a table.

    Args:
        table: The module of each command, which it is named `command` in, and its one line of help.
        noun: What one of them is called.
        instead: The command to run where none is named: with options, or with nothing at all.
        meant: What to type for words that begin with no command, '' where that isn't known.
    """

    def __init__(
        self,
        *arguments: Any,
        table: Mapping[str, tuple[str, str]],
        noun: str = "command",
        instead: str | None = None,
        meant: Callable[[list[str]], str] | None = None,
        **more: Any,
    ) -> None:
        super().__init__(*arguments, **more)
        self.table, self.noun, self.instead, self.meant = table, noun, instead, meant

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of all commands."""
        return sorted(self.table)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """One command, imported now."""
        if cmd_name not in self.table:
            return None
        found: click.Command = importlib.import_module(self.table[cmd_name][0]).command
        return found

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the command in that is meant where none is named."""
        helps = set(ctx.help_option_names)
        if self.instead and (not args or (args[0].startswith("-") and args[0] not in helps)):
            # A command behind its options: `doctor -v env` is `doctor env -v`.
            named = next((i for i, each in enumerate(args) if not each.startswith("-")), len(args))
            found = args.pop(named) if args[named:] and args[named] in self.table else self.instead
            args = [found, *args]
        return super().parse_args(ctx, args)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find a command, or say which was meant."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            from tfviz.errors import nearest

            typed = self.meant(args) if self.meant else ""
            near = f" Did you mean `{typed}`?" if typed else nearest(args[0], self.table)
            raise click.UsageError(f"There is no {self.noun} '{args[0]}'.{near}", ctx) from error

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands from the table, importing none."""
        with formatter.section(f"{self.noun.capitalize()}s"):
            formatter.write_dl([(name, self.table[name][1]) for name in sorted(self.table)])
