"""Room on the disks that are written to, and whether they may be."""

from __future__ import annotations

import os
from pathlib import Path

from tfviz.doctor.env.machine import Machine, exists
from tfviz.doctor.env.result import Problem, Result, warning, wrong
from tfviz.doctor.env.sizes import GB, MB, size

# A VGG-16 is half a gigabyte; a training run writes a checkpoint an epoch.
_TEMP = ("TMPDIR", "TEMP", "TMP")
FULL, NEARLY_FULL = 100 * MB, 2 * GB


def look(machine: Machine) -> Result:
    """The current folder, the one for temporary files, and Keras's."""
    rows, problems, free_here = [], [], None
    seen: dict[tuple[int, int], str] = {}
    for what, path in (
        ("current folder", machine.cwd),
        ("temporary files", machine.temp),
        ("Keras's downloads", machine.keras_home),
    ):
        there = _nearest(path)
        if path == machine.cwd and there != path:
            problems.append(
                wrong(
                    f"The current folder, {machine.place(path)}, doesn't exist any more: programs "
                    f"that ask for it fail.",
                    fix="Change into a folder that exists.",
                )
            )
            continue
        if path == machine.temp and there != path:
            problems.append(
                warning(
                    f"The folder for temporary files, {machine.place(path)}, doesn't exist; each "
                    f"program takes another one.",
                    *[machine.shell.unset(name) for name in _TEMP if machine.environ.get(name)][:1],
                )
            )
        elif there is None or not os.access(there, os.W_OK):
            problems.append(_not_writable(machine, what, path))
        try:
            total, free = machine.disk(there or path)
        except (OSError, ValueError):
            rows.append((what, "could not find out"))
            continue
        if free_here is None:
            free_here = free
        rows.append((what, f"{size(free)} of {size(total)} free"))
        problem = _full(machine, what, path, free)
        # One disk is one problem, whatever lies on it.
        if problem and (total, free) not in seen:
            problems.append(problem)
        seen[total, free] = what
    if free_here is None:
        return Result("could not find out", tuple(problems), tuple(rows), known=False)
    return Result(f"{size(free_here)} free here", tuple(problems), tuple(rows))


def _nearest(path: Path) -> Path | None:
    """The folder itself, or the one that it would be made in."""
    return next((each for each in (path, *path.parents) if exists(each)), None)


def _full(machine: Machine, what: str, path: Path, free: int) -> Problem | None:
    if free >= NEARLY_FULL:
        return None
    make = wrong if free < FULL else warning
    more = {
        "temporary files": "Point TMPDIR to a larger disk.",
        "Keras's downloads": "Point KERAS_HOME to a larger disk.",
    }
    return make(
        f"The disk of the {what} ({machine.place(path)}) has {size(free)} left.",
        machine.shell.pip("cache", "purge"),
        fix=f"Delete what isn't needed: old checkpoints, pip's cache. {more.get(what, '')}".strip(),
        diagnosis="fs.disk_full",
    )


def _not_writable(machine: Machine, what: str, path: Path) -> Problem:
    where = machine.place(path)
    if what == "Keras's downloads":
        # Keras then takes a folder below /tmp, and downloads anew after each restart.
        return warning(
            f"Keras can't write to {where}: weights are downloaded to a temporary folder, again "
            f"and again.",
            machine.shell.set("KERAS_HOME", "DIRECTORY"),
            fix="Name a folder that can be written to:",
            diagnosis="fs.permission_denied",
        )
    if what == "temporary files":
        return wrong(
            f"The folder for temporary files, {where}, can't be written to.",
            machine.shell.set("TMPDIR", "DIRECTORY"),
            fix="Name a folder that can be written to:",
            diagnosis="fs.permission_denied",
        )
    return warning(
        f"The current folder, {where}, can't be written to: results and checkpoints need another "
        f"place.",
        diagnosis="fs.permission_denied",
    )
