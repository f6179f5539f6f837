"""Which Python runs, and in which environment."""

from __future__ import annotations

from pathlib import Path

from tfviz.doctor.env.machine import Machine, exists
from tfviz.doctor.env.private import own
from tfviz.doctor.env.result import Problem, Result, warning, wrong

# Pythons that TensorFlow has packages for.
# Source: the files of tensorflow 2.21.0 and of keras 3.15.1 (from 3.11) in the package index.
OLDEST, NEWEST = (3, 10), (3, 13)


def look(machine: Machine) -> Result:
    """Version, 32 or 64 bits, virtual environment, and whose interpreter it is."""
    kind, problems = _environment(machine)
    problems = [*_unsupported(machine), *problems, *_another_is_active(machine)]
    release = machine.release
    name = "" if machine.implementation == "cpython" else f" ({machine.implementation})"
    outside = [
        found.name
        for name in ("numpy", "tensorflow", "keras", "opencv-python", "protobuf", "h5py")
        if (found := machine.distribution(name))
        and machine.user_site is not None
        and found.folder == machine.user_site
    ]
    if outside and kind != "no virtual environment":
        problems.append(
            warning(
                f"{_listed(outside)} come from the user's own site-packages, which this "
                f"environment mixes in; what one project installs there changes all others.",
                machine.shell.set("PYTHONNOUSERSITE", "1"),
            )
        )
    if "pip" not in machine.installed and not machine.shell.installer.startswith("uv "):
        problems.append(
            warning(
                "There is no pip for this Python, which the commands below use.",
                f"{machine.shell.python} -m ensurepip --upgrade",
            )
        )
    rows = (
        ("interpreter", machine.place(machine.executable)),
        ("environment", machine.place(machine.prefix)),
        ("built for", f"{machine.system} {machine.architecture} {' '.join(machine.libc)}".strip()),
        ("started with", machine.shell.python),
    )
    return Result(f"{release}{name}, {kind}", tuple(problems), rows)


def _unsupported(machine: Machine) -> list[Problem]:
    two = machine.version[:2]
    said = f"TensorFlow has no packages for {{}}; they exist for Python {_dotted(OLDEST)} to {_dotted(NEWEST)}, 64 bits."
    create = _create(machine, f"python{_dotted(NEWEST)}")
    missing = {"diagnosis": "env.no_matching_distribution"}
    if machine.architecture == "x86":
        return [wrong(said.format("a 32-bit Python"), create, **missing)]
    if machine.implementation != "cpython":
        return [wrong(said.format(machine.implementation), create, **missing)]
    if machine.free_threaded:
        return [wrong(said.format("a free-threaded Python"), create, **missing)]
    if machine.libc[0] == "musl":
        return [
            wrong(
                "TensorFlow has no packages for Alpine Linux (musl); they need glibc.",
                fix="Use an image that is built on Debian or Ubuntu, `python:3.12-slim` for one.",
                **missing,
            )
        ]
    if two > NEWEST:
        return [
            wrong(said.format(f"Python {_dotted(two)}"), create, diagnosis="env.python_too_new")
        ]
    if two < OLDEST:
        return [wrong(said.format(f"Python {_dotted(two)}"), create, **missing)]
    return []


def _environment(machine: Machine) -> tuple[str, list[Problem]]:
    create = _create(machine, "python")
    if machine.prefix != machine.base_prefix:
        return "virtual environment", []
    if exists(machine.prefix / "conda-meta"):
        # Only the base holds conda's own commands.
        if not exists(machine.prefix / "condabin"):
            return "conda environment", []
        return "conda's base environment", [
            warning(
                "This is conda's base environment, which conda itself stands on; packages of "
                "several projects get in each other's way here.",
                f"conda create -n tf python={_dotted(min(machine.version[:2], NEWEST))}",
                "conda activate tf",
            )
        ]
    if _container(machine):
        return "container", []
    if exists(machine.stdlib_folder / "EXTERNALLY-MANAGED"):
        return "the system's own", [
            warning(
                "This Python belongs to the operating system, and pip refuses to install into it.",
                create,
            )
        ]
    return "no virtual environment", [
        warning("Packages of all projects share this Python, and upgrade each other.", create)
    ]


def _container(machine: Machine) -> bool:
    """Whether the whole machine is one environment: nobody needs another inside."""
    marks = (".dockerenv", "run/.containerenv", "kaggle", "content/sample_data")
    return "COLAB_GPU" in machine.environ or any(exists(machine.root / mark) for mark in marks)


def _another_is_active(machine: Machine) -> list[Problem]:
    """An activated environment that isn't the one this runs in."""
    for name in ("VIRTUAL_ENV", "CONDA_PREFIX"):
        active = machine.environ.get(name)
        if not active or _same(Path(active), machine.prefix):
            continue
        if name == "CONDA_PREFIX" and machine.prefix != machine.base_prefix:
            # A virtual environment made by conda's Python: both are active.
            continue
        inner = Path(active) / ("Scripts" if machine.system == "Windows" else "bin") / "python"
        return [
            warning(
                f"The environment that is active ({machine.place(active)}) isn't the one this "
                f"runs in ({machine.place(machine.prefix)}): what follows is true of the latter.",
                f"{own(machine.shell.program(str(inner)), 'python')} -m pip install tfviz",
                fix="To look at the active one, install tfviz there and start it with its Python.",
            )
        ]
    return []


def _same(first: Path, second: Path) -> bool:
    try:
        return first == second or first.resolve() == second.resolve()
    except (OSError, RuntimeError):
        return False


def _create(machine: Machine, python: str) -> str:
    if machine.system == "Windows":
        version = python.removeprefix("python")
        return f"py {f'-{version} ' if version else ''}-m venv .venv"
    return f"{python if python != 'python' else 'python3'} -m venv .venv"


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
