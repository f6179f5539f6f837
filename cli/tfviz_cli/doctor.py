"""`tfviz doctor`: what went wrong, and what to do."""

from __future__ import annotations

import os
import shlex

import click

from tfviz_cli.lazily import LazyGroup

COMMANDS = {
    "env": ("tfviz_cli.doctor_env", "Check what is installed, what fits together, what bites."),
    "explain": ("tfviz_cli.doctor_explain", "Explain errors: a traceback, a log, a last line."),
    "list": ("tfviz_cli.doctor_list", "List all diagnoses, or those of one family."),
    "run": ("tfviz_cli.doctor_run", "Run a script, and explain the error it ends in."),
    "show": ("tfviz_cli.doctor_show", "Show one diagnosis in full."),
}


def _meant(words: list[str]) -> str:
    """The command to type for a script, the text of an error, or the name of a check."""
    from tfviz.doctor.env.checks.registry import CHECKS

    names, first = {check.name for check in CHECKS}, words[0]
    if all(each in names for each in words if not each.startswith("-")):
        return f"tfviz doctor env {shlex.join(words)}"
    if first.endswith((".py", ".ipynb")):
        return f"tfviz doctor run {shlex.join(words)}"
    if first.endswith((".txt", ".log", ".out", ".err")) or ": " in first or os.path.isfile(first):
        return f"tfviz doctor explain {shlex.quote(first)}"
    return ""


@click.group("doctor", cls=LazyGroup, table=COMMANDS, instead="env", meant=_meant)
def command() -> None:
    """Find what is wrong, and the fix: an environment, a running script, an error, a log.

    \b
    tfviz doctor                              this environment
    tfviz doctor run train.py                 a script, with what its variables hold
    tfviz doctor explain error.txt            a traceback or a log

    Without a command, `tfviz doctor` is `tfviz doctor env`.
    """
