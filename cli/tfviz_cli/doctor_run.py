"""`tfviz doctor run`: a script as Python runs it, and the cause when it fails."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

import click


@click.command("run", context_settings={"allow_interspersed_args": False})
@click.option("-m", "as_module", is_flag=True, help="SCRIPT is a module: python -m SCRIPT.")
@click.option(
    "--json",
    "json_file",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write how it ended, and each error examined, to FILE.",
)
@click.option(
    "-o",
    "output",
    metavar="OUT.ipynb",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Of a notebook: save the executed copy; the notebook itself is left as it is.",
)
@click.argument("arguments", metavar="SCRIPT [ARGS]...", nargs=-1, type=click.UNPROCESSED)
@click.pass_context
def command(
    ctx: click.Context,
    as_module: bool,
    json_file: Path | None,
    output: Path | None,
    arguments: tuple[str, ...],
) -> None:
    """Run a script; when it fails, show the values on the failing line, and the cause.

    SCRIPT is what python takes: a file, a folder or archive with a __main__, - for standard input,
    or with -m a module. It runs unchanged and as fast: own arguments, terminal, working folder and
    exit code. A script that runs well prints nothing of ours. A NOTEBOOK.ipynb is executed in a
    kernel of its own.

    \b
    tfviz doctor run train.py --epochs 3
    tfviz doctor run -m package.train
    tfviz doctor run study.ipynb

    What is written after SCRIPT is the script's. What we say goes to standard error, after what
    Python says: of an exception its scene and cause, of a crash in native code where it was last
    seen, of a process that was killed whether it was for memory.

    Exit code: the script's; 2 when there is no such file.
    """
    if not arguments:
        raise click.UsageError("Name the script to run: tfviz doctor run train.py", ctx)
    notebook = not as_module and arguments[0].lower().endswith(".ipynb")
    if output is not None and not notebook:
        raise click.UsageError("-o saves an executed notebook; this is a script.", ctx)
    if notebook:
        if len(arguments) > 1:
            raise click.UsageError(f"A notebook takes no arguments: '{arguments[1]}'.", ctx)
        from tfviz.doctor.live.notebook import run_notebook

        ran = run_notebook(Path(arguments[0]), save=output)
        _write(json_file, ran.to_dict())
        ctx.exit(ran.exit_code)

    from tfviz.doctor.live.process import end_like
    from tfviz.doctor.live.script import run_script

    outcome = run_script(arguments, module=as_module)
    left = outcome.unexamined or outcome.unsaid
    if outcome.ended.code != 0 or left or json_file is not None:
        from tfviz.doctor.live.verdict import say, to_dict

        if said := say(outcome):
            # A reader that has gone (`2>&1 | head`) doesn't change how the script ended.
            with contextlib.suppress(OSError):
                click.echo(said, err=True)
        _write(json_file, to_dict(outcome) if json_file is not None else {})
    ctx.exit(end_like(outcome.ended))


def _write(path: Path | None, content: dict[str, Any]) -> None:
    """Write the answer; a script's exit code is not lost to a full disk."""
    if path is None:
        return
    try:
        path.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        click.echo(f"Error: Can't write '{path}': {error.strerror or error}.", err=True)
