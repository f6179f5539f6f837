"""Whether the system killed a process for want of memory: the evidence, read before and after."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path("/")
# A process that was killed at its limit was measured a little before: pages arrive while it dies.
NEAR = 0.85
# cgroup v1 writes 'no limit' as a number of this size.
NO_LIMIT = 1 << 60


@dataclass(frozen=True)
class Kills:
    """How many processes the kernel has killed for memory so far; None where it can't be read.

    Attributes:
        group: In this control group: a container, a job of a scheduler.
        system: On the whole machine.
    """

    group: int | None
    system: int | None


@dataclass(frozen=True)
class Limit:
    """How much memory there is.

    Attributes:
        amount: In bytes.
        whose: 'this container or job', or 'this machine'.
    """

    amount: int
    whose: str


def kills(root: Path = ROOT) -> Kills:
    """Count the kills for memory so far.

    Args:
        root: The file system's root, another one for tests.
    """
    group = None
    for folder, _ in _groups(root):
        for name in ("memory.events", "memory.oom_control"):
            group = _number(folder / name, r"^oom_kill (\d+)")
            if group is not None:
                break
        if group is not None:
            break
    return Kills(group, _number(root / "proc/vmstat", r"^oom_kill (\d+)"))


def limit(root: Path = ROOT) -> Limit | None:
    """The smallest limit that holds for this process, None where none can be read."""
    found = []
    kilobytes = _number(root / "proc/meminfo", r"^MemTotal:\s+(\d+) kB")
    if kilobytes is not None:
        found.append(Limit(kilobytes * 1024, "this machine"))
    for folder, name in _groups(root):
        amount = _number(folder / name, r"^(\d+)$")
        if amount is not None and amount < NO_LIMIT:
            found.append(Limit(amount, "this container or job"))
    return min(found, key=lambda each: each.amount, default=None)


def evidence(before: Kills, after: Kills, peak: int | None, most: Limit | None) -> str:
    """What speaks for a kill by the system, in one sentence; '' when nothing does.

    Args:
        before: Kills when the process started.
        after: Kills when it had ended.
        peak: The most memory that it held at once, bytes.
        most: The limit that held for it.
    """
    held = ""
    if peak and most is not None:
        held = f"it held {gigabytes(peak)} at its peak, of {gigabytes(most.amount)} in {most.whose}"
    elif peak:
        held = f"it held {gigabytes(peak)} at its peak"
    for counts, where in (
        ((before.group, after.group), "in this container or job"),
        ((before.system, after.system), "on this machine"),
    ):
        if _rose(*counts):
            counted = f"meanwhile the system counted a kill for want of memory {where}"
            return f"{counted}; {held}." if held else f"{counted}."
    near = most is not None and peak is not None and peak >= NEAR * most.amount
    return f"{held}." if near else ""


def free(root: Path = ROOT) -> int | None:
    """What is free, in bytes; None where it isn't told."""
    kilobytes = _number(root / "proc/meminfo", r"^MemAvailable:\s+(\d+) kB")
    return None if kilobytes is None else kilobytes * 1024


def gigabytes(amount: int) -> str:
    """An amount of memory for people.

    >>> gigabytes(3_400_000_000), gigabytes(52_000_000)
    ('3.4 GB', '52 MB')
    """
    return f"{amount / 1e9:.1f} GB" if amount >= 5e8 else f"{amount / 1e6:.0f} MB"


def _rose(before: int | None, after: int | None) -> bool:
    return before is not None and after is not None and after > before


def _groups(root: Path) -> Iterator[tuple[Path, str]]:
    """The folders of this process's control groups from the inside out, and the limit's file.

    Inside a container the path that the kernel tells is often not there; the mount itself is.
    """
    for line in _text(root / "proc/self/cgroup").splitlines():
        number, _, rest = line.partition(":")
        controllers, _, inside = rest.partition(":")
        if number == "0" and not controllers:
            mount, name = root / "sys/fs/cgroup", "memory.max"
        elif "memory" in controllers.split(","):
            mount, name = root / "sys/fs/cgroup/memory", "memory.limit_in_bytes"
        else:
            continue
        folder = mount / inside.strip("/")
        while folder != mount and mount in folder.parents:
            yield folder, name
            folder = folder.parent
        yield mount, name


def _number(path: Path, pattern: str) -> int | None:
    match = re.search(pattern, _text(path), re.MULTILINE)
    return int(match.group(1)) if match else None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
