"""The deep-learning packages with their versions, as people like to keep a list of."""

from __future__ import annotations

from tfviz.doctor.env.machine import Machine
from tfviz.doctor.env.names import LISTED
from tfviz.doctor.env.result import Result


def look(machine: Machine) -> Result:
    """The listed packages that are installed."""
    rows = versions(machine)
    if not rows:
        return Result("no deep-learning package is installed for this Python")
    return Result(f"{len(rows)} of the {len(LISTED)} that are listed are installed", (), rows)


def versions(machine: Machine) -> tuple[tuple[str, str], ...]:
    """(name, version), in the order of the list."""
    found = ((name, machine.version_of(name)) for name in LISTED)
    return tuple((name, version) for name, version in found if version)
