"""The GPU: whether TensorFlow will see one, and if not, why not."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from tfviz.doctor.env.checks import nvidia
from tfviz.doctor.env.checks.cuda import libraries
from tfviz.doctor.env.checks.frameworks import build_info
from tfviz.doctor.env.distributions import Distribution
from tfviz.doctor.env.machine import Machine, exists
from tfviz.doctor.env.names import tensorflow_of
from tfviz.doctor.env.private import own
from tfviz.doctor.env.result import Problem, Result, warning, wrong
from tfviz.doctor.env.versions import Version

# The oldest driver that each major version of CUDA runs with.
# Source: table 2 of NVIDIA's "CUDA Compatibility", minor version compatibility.
OLDEST_DRIVER = {"11": "450.80.02", "12": "525.60.13", "13": "580"}
OLDEST_DRIVER_WINDOWS = {"11": "452.39", "12": "528.33", "13": "580"}
_SHARE_FREE = 0.15


def look(machine: Machine) -> Result:
    """Look at the driver, the cards, CUDA's libraries, and what hides a GPU."""
    if machine.system == "Darwin":
        return _mac(machine)
    driver = nvidia.ask(machine)
    build = build_info(machine)
    if build.get("is_rocm_build") or "rocm" in getattr(tensorflow_of(machine), "name", ""):
        return _amd(machine)
    if not driver.cards:
        return _no_card(machine, driver)
    return _cards(machine, driver, build)


def _cards(machine: Machine, driver: nvidia.Driver, build: Mapping[str, Any]) -> Result:
    cards = driver.cards
    names = ", ".join(dict.fromkeys(card.name for card in cards))
    count = f"{len(cards)} x " if len(cards) > 1 else ""
    summary = f"{count}{names}, driver {cards[0].driver}"
    problems, hidden = _hidden(machine)
    cpu_only = _cpu_only(machine, build)
    found, said = libraries(machine)
    if cpu_only:
        problems.append(cpu_only)
    else:
        problems += found
        problems += _too_old(machine, cards[0].driver, build)
        problems += _capability(cards, build)
    problems += _taken(cards)
    if cpu_only or hidden:
        summary += "; TensorFlow won't use it" if len(cards) == 1 else "; TensorFlow won't use them"
    rows = [(f"GPU {number}", _described(card)) for number, card in enumerate(cards)]
    rows.append(("CUDA libraries", said))
    if build.get("cuda_version"):
        rows.append(
            (
                "TensorFlow built for",
                f"CUDA {build['cuda_version']}, cuDNN {build.get('cudnn_version', '?')}",
            )
        )
    return Result(summary, tuple(problems), tuple(rows))


def _described(card: nvidia.Card) -> str:
    parts = [card.name]
    if card.memory:
        parts.append(f"{card.memory[1]} of {card.memory[0]} MiB free")
    if card.compute:
        parts.append(f"compute capability {card.compute[0]}.{card.compute[1]}")
    return ", ".join(parts)


def _hidden(machine: Machine) -> tuple[list[Problem], bool]:
    """GPUs that a variable hides from the program."""
    value = machine.environ.get("CUDA_VISIBLE_DEVICES")
    if value is None:
        return [], False
    first = value.split(",")[0].strip()
    if first and not first.startswith("-") and first.lower() not in ("none", "nodevfiles", "void"):
        return [], False
    problem = warning(
        f"CUDA_VISIBLE_DEVICES is {own(value, 'value') if value.strip() else 'empty'}, which hides every GPU.",
        machine.shell.unset("CUDA_VISIBLE_DEVICES"),
        diagnosis="env.no_gpu_listed",
    )
    return [problem], True


def _cpu_only(machine: Machine, build: Mapping[str, Any]) -> Problem | None:
    found = tensorflow_of(machine)
    if found is None:
        return None
    version = Version.parse(found.version)
    if machine.system == "Windows" and version is not None and version.release >= (2, 11):
        return warning(
            "TensorFlow uses no GPU on Windows itself since 2.11; it does in WSL2, Windows' Linux.",
            "wsl --install",
            fix='Then, inside: python -m pip install "tensorflow[and-cuda]"',
            diagnosis="env.no_gpu_listed",
        )
    if "cpu" not in found.name and build.get("is_cuda_build") is not False:
        return None
    kind = found.name if "cpu" in found.name else f"this build of {found.name}"
    return warning(
        f"{kind} is for CPUs only.",
        machine.shell.pip("uninstall", "-y", found.name),
        machine.shell.pip("install", f"tensorflow[and-cuda]=={found.version}"),
        diagnosis="env.no_gpu_listed",
    )


def _too_old(machine: Machine, driver: str, build: Mapping[str, Any]) -> list[Problem]:
    cuda = str(build.get("cuda_version", "")).split(".")[0]
    table = OLDEST_DRIVER_WINDOWS if machine.system == "Windows" else OLDEST_DRIVER
    have, need = Version.parse(driver), Version.parse(table.get(cuda, ""))
    if have is None or need is None or have >= need:
        return []
    return [
        wrong(
            f"The driver {driver} is too old for CUDA {build['cuda_version']}, which this "
            f"TensorFlow is built for: that needs {table[cuda]} or newer.",
            fix="Install a newer NVIDIA driver; packages in Python can't replace it.",
            diagnosis="env.driver_too_old",
        )
    ]


def _capability(cards: tuple[nvidia.Card, ...], build: Mapping[str, Any]) -> list[Problem]:
    listed = [str(each) for each in build.get("cuda_compute_capabilities") or ()]
    numbers = [match for each in listed if (match := re.fullmatch(r"\w+?_(\d+)(\d)[a-f]?", each))]
    if not numbers:
        return []
    known = sorted((int(match[1]), int(match[2])) for match in numbers)
    problems = []
    for card in cards:
        if card.compute is None:
            continue
        have = f"{card.compute[0]}.{card.compute[1]}"
        if card.compute < known[0]:
            problems.append(
                wrong(
                    f"{card.name} has compute capability {have}; this TensorFlow runs from "
                    f"{known[0][0]}.{known[0][1]} on.",
                    fix="Take an older TensorFlow, or set CUDA_VISIBLE_DEVICES=-1 to compute on "
                    "the CPU.",
                    diagnosis="env.gpu_too_old",
                )
            )
        elif card.compute[0] > known[-1][0]:
            problems.append(
                warning(
                    f"{card.name} has compute capability {have}, newer than this TensorFlow "
                    f"({known[-1][0]}.{known[-1][1]}): its code is compiled at the first start, "
                    f"which can take half an hour, and may fail.",
                    fix="Take a newer TensorFlow where there is one.",
                    diagnosis="env.gpu_too_new",
                )
            )
    return problems[:1]


def _taken(cards: tuple[nvidia.Card, ...]) -> list[Problem]:
    full = [card for card in cards if card.memory and card.memory[1] < _SHARE_FREE * card.memory[0]]
    if len(full) < len(cards) or not full or full[0].memory is None:
        return []
    return [
        warning(
            f"Only {full[0].memory[1]} of {full[0].memory[0]} MiB of the GPU's memory are free: "
            f"another process holds the rest.",
            "nvidia-smi",
            fix="It lists the processes; an old notebook kernel is the usual one.",
            diagnosis="memory.gpu_taken",
        )
    ]


def _no_card(machine: Machine, driver: nvidia.Driver) -> Result:
    cpu = "TensorFlow computes on the CPU"
    rows = [
        ("driver", driver.loaded or "none loaded"),
        (
            "on the bus",
            {True: "an NVIDIA card", False: "no NVIDIA card", None: "unknown"}[driver.plugged],
        ),
    ]
    if nvidia.on_the_bus(machine, "0x1002"):
        rows.append(("AMD", "a card is there; only tensorflow-rocm would use it"))
    if driver.said:
        rows.append(("nvidia-smi", own(driver.said, "message")))
    details = tuple(rows)
    missing = {"diagnosis": "env.cuda_drivers_missing"}
    if driver.trouble == "time":
        problem = warning(
            f"nvidia-smi gave no answer within {nvidia.SECONDS:g} s: the driver hangs, or a GPU "
            f"does. TensorFlow may hang at its start in the same way.",
            "nvidia-smi",
            fix="If it hangs there too, restart the machine.",
            **missing,
        )
        return Result("could not find out: the driver doesn't answer", (problem,), details, False)
    if driver.trouble == "mismatch":
        problem = wrong(
            "NVIDIA's driver was updated while it was running: kernel and library are of "
            "different versions, and no GPU can be used.",
            "sudo reboot",
            **missing,
        )
        return Result(f"not usable; {cpu}", (problem,), details)
    if driver.trouble == "silent":
        problem = warning(
            "nvidia-smi is installed and can't reach the driver.",
            fix="Reinstall the driver for the running kernel, and restart. In a container, start "
            "it with `--gpus all`. Without a GPU, nothing need be done.",
            **missing,
        )
        found = driver.plugged is not False or bool(driver.loaded)
        return Result(f"none that answers; {cpu}", (problem,) if found else (), details)
    if driver.loaded or driver.trouble == "refused":
        return Result(f"none visible here; {cpu}", (_not_handed_in(machine),), details)
    if driver.plugged:
        problem = warning(
            "There is an NVIDIA card and no driver for it.",
            fix="Install NVIDIA's driver (Ubuntu: sudo ubuntu-drivers install); in a container, "
            "start it with `--gpus all`.",
            **missing,
        )
        return Result(f"a card without driver; {cpu}", (problem,), details)
    return Result(f"none in this machine; {cpu}", (), details)


def _not_handed_in(machine: Machine) -> Problem:
    """A driver without a card: in most cases a container that no GPU was given to."""
    value = machine.environ.get("NVIDIA_VISIBLE_DEVICES", "")
    if value.lower() in ("void", "none"):
        fix = "NVIDIA_VISIBLE_DEVICES says that this container gets no GPU: start it with `--gpus all`."
    else:
        fix = (
            "In a container, start it with `--gpus all`; on a cluster, ask the scheduler for a GPU."
        )
    return warning(
        "NVIDIA's driver is loaded and shows no GPU to this process.",
        fix=fix,
        diagnosis="env.no_gpu_listed",
    )


def _amd(machine: Machine) -> Result:
    rows = (("build", "ROCm"),)
    if exists(machine.root / "dev" / "kfd"):
        return Result("AMD, with TensorFlow's ROCm build", (), rows)
    problem = warning(
        "TensorFlow is the ROCm build, and AMD's driver (/dev/kfd) isn't there.",
        fix="Install ROCm's driver; in a container, start it with `--device /dev/kfd --device "
        "/dev/dri`.",
        diagnosis="env.no_gpu_listed",
    )
    return Result("none that answers; TensorFlow computes on the CPU", (problem,), rows)


def _mac(machine: Machine) -> Result:
    metal: Distribution | None = machine.distribution("tensorflow-metal")
    if metal is None:
        said = "not used; TensorFlow computes on the CPU, tensorflow-metal would use it"
        return Result(said if machine.architecture == "arm64" else "none that TensorFlow can use")
    tensorflow = tensorflow_of(machine)
    version = Version.parse(tensorflow.version) if tensorflow else None
    if tensorflow and version and version.release[:2] > (2, 18):
        problem = warning(
            f"tensorflow-metal {metal.version} was built for TensorFlow 2.18; with "
            f"{tensorflow.version} its library often fails to load.",
            machine.shell.pip("uninstall", "-y", "tensorflow-metal"),
            diagnosis="env.metal_plugin",
        )
        return Result(f"Apple's, by tensorflow-metal {metal.version}", (problem,))
    return Result(f"Apple's, by tensorflow-metal {metal.version}")
