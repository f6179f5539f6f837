"""What NVIDIA's driver says, asked in a child process: a broken driver can hang who asks it."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from tfviz.doctor.env.machine import Machine, exists
from tfviz.doctor.env.private import printable

SECONDS = 3.0
_FIELDS = "name,driver_version,memory.total,memory.free"
_DRIVER = re.compile(r"(?:Kernel Module|NVRM version:).*?\s(\d{3,}\.\d+(?:\.\d+)?)")


@dataclass(frozen=True)
class Card:
    """One graphics card.

    Attributes:
        name: As the driver calls it.
        driver: The driver's version.
        memory: Its memory in MiB: all of it, and what is free; None when not told.
        compute: Compute capability, (8, 6); None when not told.
    """

    name: str
    driver: str
    memory: tuple[int, int] | None
    compute: tuple[int, int] | None


@dataclass(frozen=True)
class Driver:
    """What was found out about NVIDIA on a machine.

    Attributes:
        cards: Those that the driver shows.
        trouble: '' or why there is no answer: 'no program', 'time', 'mismatch', 'silent',
            or 'refused'.
        said: The words of the driver's program, when it failed.
        loaded: Version of the driver in the kernel, '' when none is loaded.
        plugged: Whether an NVIDIA card sits on the bus; None when the bus can't be read.
    """

    cards: tuple[Card, ...]
    trouble: str
    said: str
    loaded: str
    plugged: bool | None


def ask(machine: Machine) -> Driver:
    """Ask nvidia-smi, the kernel, and the bus."""
    loaded = _DRIVER.search(machine.read("proc/driver/nvidia/version") or "")
    version = loaded[1] if loaded else ""
    plugged = on_the_bus(machine, "0x10de")
    program = _program(machine)
    if program is None:
        return Driver((), "no program", "", version, plugged)
    # Older drivers don't know compute_cap, and then answer nothing at all.
    for fields in (f"{_FIELDS},compute_cap", _FIELDS):
        ran = machine.run(
            [str(program), f"--query-gpu={fields}", "--format=csv,noheader,nounits"], SECONDS
        )
        if "not a valid field" not in ran.out + ran.err:
            break
    said = printable(" ".join((ran.out + " " + ran.err).split()))
    if ran.trouble == "time":
        return Driver((), "time", "", version, plugged)
    if ran.code != 0:
        trouble = "silent"
        if "version mismatch" in said:
            trouble = "mismatch"
        elif "No devices were found" in said:
            trouble = "refused"
        return Driver((), trouble, said[:200], version, plugged)
    cards = tuple(card for line in ran.out.splitlines() if (card := _card(line)))
    return Driver(
        cards, "" if cards else "refused", said[:200] if not cards else "", version, plugged
    )


def on_the_bus(machine: Machine, vendor: str) -> bool | None:
    """Whether a display or compute card of a vendor is plugged in; None when not to be told."""
    folder = machine.root / "sys" / "bus" / "pci" / "devices"
    try:
        slots = sorted(os.listdir(folder))
    except OSError:
        return None
    for slot in slots:
        if (machine.read(folder / slot / "vendor") or "").strip() != vendor:
            continue
        kind = (machine.read(folder / slot / "class") or "").strip()
        # 03 is a display, 12 a processing accelerator.
        if kind.startswith(("0x03", "0x12")):
            return True
    return False


def _program(machine: Machine) -> Path | None:
    found = machine.which("nvidia-smi")
    if found is not None:
        return found
    windows = machine.environ.get("SystemRoot", "C:\\Windows")
    others = {
        "Linux": machine.root / "usr/lib/wsl/lib/nvidia-smi",
        "Windows": Path(windows) / "System32" / "nvidia-smi.exe",
    }
    other = others.get(machine.system)
    return other if other is not None and exists(other) else None


def _card(line: str) -> Card | None:
    parts = [printable(part.strip()) for part in line.split(",")]
    if len(parts) < 4 or not parts[0]:
        return None
    memory = (int(parts[2]), int(parts[3])) if parts[2].isdigit() and parts[3].isdigit() else None
    match = re.fullmatch(r"(\d+)\.(\d+)", parts[4]) if len(parts) > 4 else None
    compute = (int(match[1]), int(match[2])) if match else None
    return Card(parts[0], parts[1], memory, compute)
