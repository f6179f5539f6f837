"""`tfviz doctor`: what went wrong, and what to do."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO

import click
from click.shell_completion import CompletionItem

if TYPE_CHECKING:
    from tfviz.doctor.answer import Answer

UNREADABLE = 2


class Identifier(click.ParamType):
    """The id of a diagnosis; completes it."""

    name = "id"

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """All ids that begin so."""
        from tfviz.catalogue.diagnosis import identifiers

        return [CompletionItem(each) for each in identifiers() if each.startswith(incomplete)]


@click.group("doctor")
def command() -> None:
    """Explain an error or a log: its cause, the evidence, and the fix."""


@command.command("explain")
@click.argument("files", nargs=-1, metavar="[FILE...|-]", type=click.Path(allow_dash=True))
@click.option("--json", "as_json", is_flag=True, help="One JSON object a text, each on one line.")
@click.pass_context
def explain(ctx: click.Context, files: tuple[str, ...], as_json: bool) -> None:
    """Explain errors: a pasted traceback, a log, or what a program prints.

    Without FILE, or with -, standard input is read; with - it is shown as it comes, so that a
    running program can be watched:

    \b
    tfviz doctor explain error.txt
    python train.py 2>&1 | tfviz doctor explain -

    Exit code: 0 nothing wrong, 1 findings, 2 wrong usage or unreadable input, 3 not recognised.
    """
    from tfviz.doctor.explain import explain_stream

    codes = []
    for name in files or ("",):
        try:
            with _opened(name, as_json) as stream:
                answer = explain_stream(stream, "standard input" if name in ("", "-") else name)
        except OSError as error:
            click.echo(f"Error: Can't read '{name}': {error.strerror or error}.", err=True)
            codes.append(UNREADABLE)
            continue
        codes.append(answer.exit_code)
        _print(answer, as_json=as_json, named=len(files) > 1, after_echo=name == "-")
    # A text that couldn't be read outweighs findings, findings outweigh what wasn't recognised.
    ctx.exit(next(code for code in (UNREADABLE, 1, 3, 0) if code in codes))


@command.command("show")
@click.argument("identifier", metavar="ID", type=Identifier())
def show_one(identifier: str) -> None:
    """Show one diagnosis in full: wrong and right code, and why."""
    from tfviz.doctor.showing import show

    click.echo(show(identifier))


@command.command("list")
@click.argument("family", required=False)
def show_all(family: str | None) -> None:
    """List all diagnoses, or those of one FAMILY (viz, shape, load, torch, ...)."""
    from tfviz.doctor.showing import listing

    rows = listing(family)
    width = max(len(identifier) for identifier, _ in rows)
    for identifier, title in rows:
        click.echo(f"{identifier:<{width}}  {title}")


@contextlib.contextmanager
def _opened(name: str, as_json: bool) -> Iterator[BinaryIO]:
    if name not in ("", "-"):
        with open(name, "rb") as stream:
            yield stream
        return
    source = sys.stdin.buffer
    if name == "-" and not as_json:
        from tfviz.doctor.echo import Echo

        yield Echo(source, sys.stdout.buffer)  # type: ignore[misc]
        return
    if sys.stdin.isatty():
        click.echo("Paste the error, then press Ctrl-D (Windows: Ctrl-Z, Enter).", err=True)
    yield source


def _print(answer: Answer, *, as_json: bool, named: bool, after_echo: bool) -> None:
    if as_json:
        click.echo(json.dumps(answer.to_dict(), ensure_ascii=False))
        return
    if after_echo:
        click.echo(f"\n{'-' * 20} tfviz doctor {'-' * 20}")
    if named:
        click.echo(f"{answer.input}:")
    click.echo(f"{answer}\n" if named else str(answer))
