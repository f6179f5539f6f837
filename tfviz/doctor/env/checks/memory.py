"""Memory: of the machine, of the container, what a process may take, and Windows' page file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from tfviz.doctor.env.machine import Machine
from tfviz.doctor.env.result import Problem, Result, warning, wrong
from tfviz.doctor.env.sizes import GB, KB, MB, size

# Starting TensorFlow and Keras takes about half a gigabyte; a small model and its data as much.
TOO_LITTLE, LITTLE = 1 * GB, 2 * GB
PAGE_FILE = 4 * GB
# What Docker gives a container; PyTorch's loaders and Ray pass pictures through it.
SMALL_SHARED = 64 * MB
FEW_FILES = 512
# Below 2 GB, TensorFlow 2.21 was seen to be aborted at its start.
ADDRESSES, GPU_ADDRESSES = 4 * GB, 64 * GB
SECONDS = 2.0
# A limit that is none: v1 writes the largest number of whole pages.
_UNLIMITED = 1 << 60


@dataclass(frozen=True)
class _Limit:
    """What a group of processes may take together."""

    total: int
    left: int


def look(machine: Machine) -> Result:
    """How much is there and how much is free, whoever sets the limit."""
    found = _of_the_machine(machine)
    limit = _of_the_group(machine)
    rows: list[tuple[str, str]] = []
    if found:
        rows.append(("machine", f"{size(found[1])} of {size(found[0])} free"))
    if limit:
        rows.append(("container or job", f"{size(limit.left)} of {size(limit.total)} left"))
    problems = [*_process_limits(machine), *_shared(machine, rows), *_page_file(machine, rows)]
    if found is None and limit is None:
        return Result("could not find out", tuple(problems), tuple(rows), known=False)
    total, free = found or (limit.total, limit.left) if limit else found or (0, 0)
    summary = f"{size(free)} of {size(total)} free"
    if limit and limit.left < free:
        free = limit.left
        summary = f"{size(limit.left)} of the {size(limit.total)} that this container may take"
    problems = [*_too_little(free, limit), *problems]
    return Result(summary, tuple(problems), tuple(rows))


def _too_little(free: int, limit: _Limit | None) -> list[Problem]:
    if free >= LITTLE:
        return []
    in_limit = limit is not None and limit.left <= free
    fix = (
        "Raise the limit of the container (`docker run --memory 8g`) or of the job."
        if in_limit
        else "End other programs, or take smaller batches and pictures."
    )
    make = wrong if free < TOO_LITTLE else warning
    return [
        make(
            f"Only {size(free)} of memory can still be taken; TensorFlow alone needs about half a "
            f"gigabyte to start, and who takes too much is killed without a message.",
            fix=fix,
            diagnosis="memory.killed",
        )
    ]


def _of_the_machine(machine: Machine) -> tuple[int, int] | None:
    if machine.windows is not None:
        return machine.windows.memory
    if machine.system == "Darwin":
        return _of_a_mac(machine)
    text = machine.read("proc/meminfo") or ""
    total = re.search(r"^MemTotal:\s+(\d+) kB", text, re.MULTILINE)
    free = re.search(r"^MemAvailable:\s+(\d+) kB", text, re.MULTILINE)
    return (int(total[1]) * KB, int(free[1]) * KB) if total and free else None


def _of_a_mac(machine: Machine) -> tuple[int, int] | None:
    total = machine.run(["sysctl", "-n", "hw.memsize"], SECONDS).out.strip()
    pages = machine.run(["vm_stat"], SECONDS).out
    page = re.search(r"page size of (\d+) bytes", pages)
    free = re.findall(
        r"^Pages (?:free|inactive|speculative|purgeable):\s+(\d+)", pages, re.MULTILINE
    )
    if not total.isdigit() or page is None or not free:
        return None
    return int(total), int(page[1]) * sum(map(int, free))


def _of_the_group(machine: Machine) -> _Limit | None:
    """The tightest limit of the control groups that this process is in."""
    found = list(_limits(machine))
    return min(found, key=lambda limit: limit.left, default=None)


def _limits(machine: Machine) -> Iterator[_Limit]:
    for line in (machine.read("proc/self/cgroup") or "").splitlines():
        number, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if number == "0" and not controllers:
            base, names = "sys/fs/cgroup", ("memory.max", "memory.current", "inactive_file")
        elif "memory" in controllers.split(","):
            base = "sys/fs/cgroup/memory"
            names = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
        else:
            continue
        inside = PurePosixPath(path.lstrip("/"))
        # The limit of any group above counts too; seen from inside, a container is at the top.
        for group in (inside, *inside.parents):
            limit = _limit(machine, Path(base, *group.parts), *names)
            if limit is not None:
                yield limit


def _limit(machine: Machine, group: Path, most: str, used: str, idle: str) -> _Limit | None:
    total = (machine.read(group / most) or "").strip()
    taken = (machine.read(group / used) or "").strip()
    if not total.isdigit() or not taken.isdigit() or int(total) >= _UNLIMITED:
        return None
    # Pages of files that nobody looks at are given up when memory is wanted.
    found = re.search(rf"^{idle} (\d+)", machine.read(group / "memory.stat") or "", re.MULTILINE)
    needed = int(taken) - min(int(found[1]) if found else 0, int(taken))
    return _Limit(int(total), max(int(total) - needed, 0))


def _process_limits(machine: Machine) -> list[Problem]:
    text = machine.read("proc/self/limits") or ""
    problems = []
    space = re.search(r"^Max address space\s+(\d+)", text, re.MULTILINE)
    # With a GPU, CUDA reserves addresses for all memory there is.
    least = GPU_ADDRESSES if machine.read("proc/driver/nvidia/version") else ADDRESSES
    if space and int(space[1]) < least:
        problems.append(
            warning(
                f"`ulimit -v` allows a process {size(int(space[1]))} of addresses; TensorFlow "
                f"reserves more than it uses, and is aborted.",
                "ulimit -v unlimited",
                diagnosis="memory.bad_alloc",
            )
        )
    files = re.search(r"^Max open files\s+(\d+)", text, re.MULTILINE)
    if files and int(files[1]) < FEW_FILES:
        problems.append(
            warning(
                f"`ulimit -n` allows a process {files[1]} open files, few for data read in "
                f"parallel.",
                "ulimit -n 4096",
                diagnosis="fs.too_many_open_files",
            )
        )
    return problems


def _shared(machine: Machine, rows: list[tuple[str, str]]) -> list[Problem]:
    if machine.system != "Linux":
        return []
    try:
        total, free = machine.disk(machine.root / "dev" / "shm")
    except (OSError, ValueError):
        return []
    rows.append(("/dev/shm", f"{size(free)} of {size(total)} free"))
    users = [name for name in ("torch", "ray") if machine.distribution(name)]
    if total > SMALL_SHARED or not users:
        return []
    return [
        warning(
            f"/dev/shm holds {size(total)}; {' and '.join(users)} pass data between processes "
            f"through it, and end with 'Bus error' where it is full.",
            fix="Start the container with `--shm-size 2g` (or `--ipc=host`).",
            diagnosis="torch.shared_memory",
        )
    ]


def _page_file(machine: Machine, rows: list[tuple[str, str]]) -> list[Problem]:
    if machine.windows is None or machine.windows.commit is None:
        return []
    total, left = machine.windows.commit
    rows.append(("memory and page file", f"{size(left)} of {size(total)} left to promise"))
    if left >= PAGE_FILE:
        return []
    return [
        warning(
            f"Windows can promise only {size(left)} more (memory and page file together); the "
            f"libraries of TensorFlow and CUDA then fail to load with WinError 1455.",
            fix="Enlarge the page file: System > Advanced system settings > Performance > "
            "Advanced > Virtual memory, 'System managed size'.",
            diagnosis="env.page_file_too_small",
        )
    ]
