"""`tfviz doctor explain`: an error or a log in, its cause and its fix out."""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO

import click

if TYPE_CHECKING:
    from tfviz.doctor.answer import Answer

UNREADABLE = 2


@click.command("explain")
@click.argument("files", nargs=-1, metavar="[FILE...|-]", type=click.Path(allow_dash=True))
@click.option("--json", "as_json", is_flag=True, help="One JSON object a text, each on one line.")
@click.pass_context
def command(ctx: click.Context, files: tuple[str, ...], as_json: bool) -> None:
    """Explain errors: a pasted traceback, a log, or what a program prints.

    Without FILE, or with -, standard input is read; with - it is shown as it comes, so that a
    running program can be watched:

    \b
    tfviz doctor explain error.txt
    tfviz doctor explain "ValueError: Shapes (None, 1) and (None, 10) are incompatible"
    python train.py 2>&1 | tfviz doctor explain -

    Exit code: 0 nothing wrong, 1 findings, 2 wrong usage or unreadable input, 3 not recognised.
    """
    from tfviz.doctor.explain import explain_stream
    from tfviz.errors import InputError

    codes = []
    for name in files or ("",):
        try:
            with _opened(name, as_json) as stream:
                answer = explain_stream(stream, _called(name))
        except InputError as error:
            click.echo(f"Error: {error}", err=True)
            codes.append(UNREADABLE)
            continue
        except OSError as error:
            click.echo(f"Error: Can't read '{name}': {error.strerror or error}.", err=True)
            codes.append(UNREADABLE)
            continue
        codes.append(answer.exit_code)
        _print(answer, as_json=as_json, named=len(files) > 1, after_echo=name == "-")
    # A text that couldn't be read outweighs findings, findings outweigh what wasn't recognised.
    ctx.exit(next(code for code in (UNREADABLE, 1, 3, 0) if code in codes))


@contextlib.contextmanager
def _opened(name: str, as_json: bool) -> Iterator[BinaryIO]:
    from tfviz.doctor.reading import LOOKED_AT, must_be_text

    if name not in ("", "-"):
        if _is_text(name):
            yield io.BytesIO(name.encode("utf-8", "surrogateescape"))
            return
        with open(name, "rb") as stream:
            must_be_text(name, stream.peek(LOOKED_AT))
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


def _called(name: str) -> str:
    if name in ("", "-"):
        return "standard input"
    return "text" if _is_text(name) else name


def _is_text(name: str) -> bool:
    """Whether the error itself was given where a file is expected."""
    said = ": " in name or "\n" in name
    return said and not os.path.lexists(name)


def _print(answer: Answer, *, as_json: bool, named: bool, after_echo: bool) -> None:
    if as_json:
        click.echo(json.dumps(answer.to_dict(), ensure_ascii=False))
        return
    if after_echo:
        click.echo(f"\n{'-' * 20} tfviz doctor {'-' * 20}")
    if named:
        click.echo(f"{answer.input}:")
    click.echo(f"{answer}\n" if named else str(answer))
