"""`tfviz doctor`: what went wrong, and what to do."""

from __future__ import annotations

import click

from tfviz_cli.lazily import LazyGroup

COMMANDS = {
    "env": ("tfviz_cli.doctor_env", "Check what is installed, what fits together, what bites."),
    "explain": ("tfviz_cli.doctor_explain", "Explain errors: a traceback, a log, a last line."),
    "list": ("tfviz_cli.doctor_list", "List all diagnoses, or those of one family."),
    "run": ("tfviz_cli.doctor_run", "Run a script, and explain the error it ends in."),
    "show": ("tfviz_cli.doctor_show", "Show one diagnosis in full."),
}


@click.group("doctor", cls=LazyGroup, table=COMMANDS, instead="env")
def command() -> None:
    """Find what is wrong, and the fix: an environment, a running script, an error, a log.

    \b
    tfviz doctor                              this environment
    tfviz doctor run train.py                 a script, with what its variables hold
    tfviz doctor explain error.txt            a traceback or a log

    Without a command, `tfviz doctor` is `tfviz doctor env`.
    """
