"""TensorFlow, under whichever of its names."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any

from tfviz.doctor.env.distributions import Distribution
from tfviz.doctor.env.machine import Machine, exists
from tfviz.doctor.env.names import tensorflow_of, tensorflows
from tfviz.doctor.env.result import Problem, Result, wrong
from tfviz.doctor.env.versions import Version


def look(machine: Machine) -> Result:
    """Whether there is exactly one TensorFlow, whole and alive."""
    found = tensorflows(machine)
    file = machine.module_file("tensorflow")
    if not found:
        return _none(machine)
    names = ", ".join(f"{each.name} {each.version}" for each in found)
    summary = names if len(found) > 1 or found[0].name != "tensorflow" else found[0].version
    problems = [*_several(machine, found), *_dead(machine, found)]
    if not problems and (file is None or file.name != "__init__.py"):
        problems.append(
            wrong(
                f"{found[0].name} {found[0].version} is recorded as installed, but its folder "
                f"`tensorflow` is missing or empty.",
                machine.shell.pip(
                    "install",
                    "--force-reinstall",
                    "--no-deps",
                    f"{found[0].name}=={found[0].version}",
                ),
                diagnosis="env.tensorflow_empty_module",
            )
        )
    rows = [(each.name, f"{each.version} in {machine.place(each.folder)}") for each in found]
    build = build_info(machine)
    if build:
        kind = (
            "CUDA" if build.get("is_cuda_build") else "ROCm" if build.get("is_rocm_build") else ""
        )
        rows.append(("built for", f"{kind} {build.get('cuda_version', '')}".strip() or "CPUs only"))
    return Result(summary, tuple(problems), tuple(rows))


def build_info(machine: Machine) -> Mapping[str, Any]:
    """What TensorFlow was built with, read from its file; empty when there is none.

    Keys: 'is_cuda_build', 'cuda_version', 'cudnn_version', 'cuda_compute_capabilities', ...
    """
    found = tensorflow_of(machine)
    if found is None:
        return {}
    text = machine.read(found.folder / "tensorflow" / "python" / "platform" / "build_info.py") or ""
    _, _, after = text.partition("build_info = collections.OrderedDict(")
    try:
        return dict(ast.literal_eval(after.strip().removesuffix(")")))
    except (ValueError, SyntaxError, TypeError):
        return {}


def _none(machine: Machine) -> Result:
    for folder in machine.folders:
        if exists(folder / "tensorflow" / "__init__.py"):
            # Built from source, or put there by a system's own packages.
            where = machine.place(folder)
            return Result(
                "found, but of unknown version: it has no package metadata",
                rows=(("folder", where),),
                known=False,
            )
    problem = wrong(
        "There is no TensorFlow for the Python that runs here.",
        machine.shell.pip("install", "tensorflow"),
        diagnosis="env.tensorflow_missing",
    )
    return Result("not installed", (problem,))


def _several(machine: Machine, found: list[Distribution]) -> list[Problem]:
    if len(found) < 2:
        return []
    keep = next((each for each in found if "nightly" not in each.name), found[0])
    names = " and ".join(each.name for each in found)
    return [
        wrong(
            f"{names} write into the same folder `tensorflow`: what is imported is a mixture, and "
            f"uninstalling one takes files from the other.",
            machine.shell.pip("uninstall", "-y", *(each.name for each in found)),
            machine.shell.pip("install", f"{keep.name}=={keep.version}"),
            fix="Uninstall all, then install one.",
            diagnosis="env.tensorflow_empty_module",
        )
    ]


def _dead(machine: Machine, found: list[Distribution]) -> list[Problem]:
    dead = [each for each in found if each.name in ("tensorflow-gpu", "tf-nightly-gpu")]
    problems = []
    for each in dead if len(found) == 1 else []:
        version = Version.parse(each.version)
        ended = Version.parse("2.12")
        if version is None or ended is None or version >= ended:
            problems.append(
                wrong(
                    f"{each.name} {each.version} is an empty package: since 2.12 the GPU is part "
                    f"of `tensorflow`.",
                    machine.shell.pip("uninstall", "-y", each.name),
                    machine.shell.pip("install", "tensorflow[and-cuda]"),
                    diagnosis="env.tensorflow_gpu_removed",
                )
            )
    return problems
