"""CUDA's libraries: the wheels that TensorFlow asks for, or the system's own."""

from __future__ import annotations

import os
import re
from pathlib import Path

from tfviz.doctor.env.checks.fitting import marker_facts
from tfviz.doctor.env.distributions import Distribution
from tfviz.doctor.env.machine import Machine
from tfviz.doctor.env.names import tensorflow_of
from tfviz.doctor.env.requirements import Requirement
from tfviz.doctor.env.result import Problem, wrong
from tfviz.doctor.env.versions import allows

EXTRA = "and-cuda"
SECONDS = 2.0
# Without these two TensorFlow registers no GPU.
_NEEDED = ("libcudart.so", "libcudnn.so")
_LIBRARY = re.compile(r"(libcudart|libcudnn)\.so\.(\d+)")


def libraries(machine: Machine) -> tuple[list[Problem], str]:
    """What is wrong with CUDA's libraries, and where they come from in a few words."""
    tensorflow = tensorflow_of(machine)
    if tensorflow is None or machine.system != "Linux":
        return [], "not looked for"
    asked = _asked(machine, tensorflow)
    install = machine.shell.pip("install", f"{tensorflow.name}[{EXTRA}]=={tensorflow.version}")
    present = [each for each in asked if machine.distribution(each.name)]
    if asked and len(present) == len(asked):
        bad = [
            each
            for each in present
            if allows(each.specifier, machine.version_of(each.name) or "") is False
        ]
        if not bad:
            return [], f"the {len(asked)} wheels that TensorFlow asks for"
        text = "; ".join(
            f"{each.name} is {machine.version_of(each.name)}, and TensorFlow asks for "
            f"{each.specifier.replace(' ', '')}"
            for each in bad
        )
        cudnn = any("cudnn" in each.name for each in bad)
        problem = wrong(
            f"{text}.",
            install,
            diagnosis="env.cudnn_version_mismatch" if cudnn else "env.pip_conflict",
        )
        return [problem], "wheels of other versions"
    system = _of_the_system(machine)
    missing = [
        name for name in _NEEDED if name not in {each.split(".so")[0] + ".so" for each in system}
    ]
    if not missing:
        return [], f"the system's: {', '.join(sorted(system))}"
    absent = [each.name for each in asked if each not in present]
    some = (
        f"{len(absent)} of the {len(asked)} wheels with CUDA's libraries"
        if present
        else "CUDA's libraries"
    )
    problem = wrong(
        f"{some} aren't installed, so TensorFlow doesn't use the GPU.",
        install,
        diagnosis="env.cuda_libs_missing",
    )
    return [problem], f"missing: {', '.join(absent[:3]) or ', '.join(missing)}"


def _asked(machine: Machine, tensorflow: Distribution) -> list[Requirement]:
    facts = marker_facts(machine)
    found = []
    for text in tensorflow.requires:
        requirement = Requirement.parse(text)
        if (
            requirement is not None
            and requirement.name.startswith("nvidia-")
            and requirement.counts(facts, EXTRA)
        ):
            found.append(requirement)
    return found


def _of_the_system(machine: Machine) -> set[str]:
    """CUDA's libraries where the loader looks: its variable, conda's folder, its cache."""
    folders = [Path(each) for each in machine.environ.get("LD_LIBRARY_PATH", "").split(":") if each]
    folders += [machine.prefix / "lib", machine.root / "usr/local/cuda/lib64"]
    found = set()
    for folder in folders:
        try:
            names = os.listdir(folder)
        except OSError:
            continue
        found |= {match.group() for name in names if (match := _LIBRARY.match(name))}
    # Often only the administrator's PATH leads to it.
    program = machine.which("ldconfig") or machine.root / "sbin" / "ldconfig"
    ran = machine.run([str(program), "-p"], SECONDS)
    return found | {match.group() for match in _LIBRARY.finditer(ran.out)}
