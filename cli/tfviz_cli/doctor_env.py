"""`tfviz doctor env`, which is also what `tfviz doctor` alone does: look at the environment."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem

if TYPE_CHECKING:
    from tfviz.doctor.env.checkup import Checkup
    from tfviz.doctor.env.machine import Machine
    from tfviz.doctor.env.telling import Look


class CheckName(click.ParamType):
    """The name of a check; completes it."""

    name = "check"

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """All names that begin so."""
        from tfviz.doctor.env.checks.registry import CHECKS

        return [
            CompletionItem(check.name, help=check.about)
            for check in CHECKS
            if check.name.startswith(incomplete)
        ]


@click.command("env")
@click.argument("checks", nargs=-1, metavar="[CHECK...]", type=CheckName())
@click.option("--list", "as_list", is_flag=True, help="List the checks, and run none.")
@click.option("-v", "--verbose", is_flag=True, help="Also tell details where all is well.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.option(
    "--report",
    "as_report",
    is_flag=True,
    help="A block to paste into an issue, without user, host or path names.",
)
@click.option(
    "--deep",
    is_flag=True,
    help="Also start TensorFlow: a convolution and a gradient on each device.",
)
@click.pass_context
def command(
    ctx: click.Context,
    checks: tuple[str, ...],
    *,
    as_list: bool,
    verbose: bool,
    as_json: bool,
    as_report: bool,
    deep: bool,
) -> None:
    """Look at the environment: what is installed, fits together, and stands in the way.

    \b
    tfviz doctor                     all checks; TensorFlow isn't started
    tfviz doctor env opencv gpu -v   two of them, in full
    tfviz doctor --deep              and let TensorFlow compute on each device
    tfviz doctor --report            a block to paste into an issue

    Exit code: 0 nothing is wrong (a mere ! is no reason to fail), 1 something is, 2 wrong usage.
    """
    with _modules_of_python_first():
        from tfviz.doctor.env.checks.registry import CHECKS, chosen
        from tfviz.doctor.env.checkup import checkup
        from tfviz.doctor.env.machine import Machine
        from tfviz.doctor.env.telling import report

    if as_list:
        width = max(len(check.name) for check in CHECKS)
        for check in CHECKS:
            click.echo(f"{check.name:<{width}}  {check.about}")
        ctx.exit()
    if as_json and as_report:
        raise click.UsageError("--json and --report are two forms of one answer: take one.", ctx)
    asked = chosen(checks, deep=deep)
    machine = Machine.here()
    if as_json:
        with _waiting(any(check.deep for check in asked)):
            found = checkup(asked, machine)
        click.echo(json.dumps(found.to_dict(), ensure_ascii=_ascii_only()))
    elif as_report:
        with _waiting(any(check.deep for check in asked)):
            found = checkup(asked, machine)
        click.echo(report(machine, found, ascii_only=_ascii_only(), verbose=verbose))
    else:
        found = _told(asked, machine, _look(verbose))
    ctx.exit(found.exit_code)


@contextlib.contextmanager
def _modules_of_python_first() -> Iterator[None]:
    """Import without the current folder, where the `random.py` may lie that is to be found.

    With `python -m tfviz_cli` it is the first that Python looks into; the command isn't concerned.
    """
    saved = list(sys.path)
    with contextlib.suppress(OSError):  # the folder may have been deleted under us
        if sys.path[:1] in ([""], [os.getcwd()]):
            del sys.path[0]
    try:
        yield
    finally:
        sys.path[:] = saved


def _told(checks: Sequence[Any], machine: Machine, look: Look) -> Checkup:
    """Print each result as soon as it is its turn."""
    from tfviz.doctor.env.check import examine
    from tfviz.doctor.env.checkup import Checkup

    results = []
    with contextlib.closing(examine(checks, machine)) as coming:
        for check in checks:
            with _waiting(check.deep):
                result = next(coming)
            results.append(result)
            for line in look.lines(result):
                click.echo(line, color=look.colour)
    found = Checkup(tuple(results))
    for line in look.closing(found):
        click.echo(line)
    return found


@contextlib.contextmanager
def _waiting(deep: bool) -> Iterator[None]:
    """A word on standard error while TensorFlow starts, where somebody sits and waits."""
    if not deep or not sys.stderr.isatty():
        yield
        return
    word = "TensorFlow is starting ..."
    click.echo(f"   {word}", nl=False, err=True)
    try:
        yield
    finally:
        click.echo("\r" + " " * (len(word) + 3) + "\r", nl=False, err=True)


def _look(verbose: bool) -> Look:
    from tfviz.doctor.env.telling import NARROWEST, WIDEST, Look

    terminal = sys.stdout.isatty()
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    width = shutil.get_terminal_size().columns if terminal else 80
    return Look(
        width=min(max(width, NARROWEST), WIDEST),
        ascii=_ascii_only(),
        colour=terminal and not plain,
        verbose=verbose,
    )


def _ascii_only() -> bool:
    """Whether standard output has no letter for ✓."""
    try:
        "✓✗".encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return True
    return False
