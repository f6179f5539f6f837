"""The processor, and whether it has the instructions that TensorFlow is compiled to."""

from __future__ import annotations

import re

from tfviz.doctor.env.machine import Machine
from tfviz.doctor.env.private import printable
from tfviz.doctor.env.result import Problem, Result, wrong

SECONDS = 2.0
_LISTED = ("avx", "avx2", "fma", "avx512f", "amx_bf16")


def look(machine: Machine) -> Result:
    """AVX, and whether an emulator stands between Python and the processor."""
    if machine.architecture == "arm64":
        return Result(f"{_model(machine) or 'ARM, 64 bits'}, which needs no AVX")
    if machine.architecture not in ("x86_64", "x86"):
        return Result(f"{machine.architecture}, could not find out what it can", known=False)
    flags, model = _flags(machine)
    problems = _translated(machine)
    rows = [("model", model)] if model else []
    if flags is None:
        return Result("could not find out whether it has AVX", tuple(problems), tuple(rows), False)
    has = [each.upper() for each in _LISTED if each in flags]
    rows.append(("instructions", ", ".join(has) or "no AVX"))
    if "avx" in flags:
        best = [each for each in ("AVX", "AVX2", "AVX512F") if each in has]
        return Result(f"{model or 'x86, 64 bits'}, {best[-1]}", tuple(problems), tuple(rows))
    if not problems:
        problems.append(_without(machine, model))
    return Result(f"{model or 'x86, 64 bits'}, without AVX", tuple(problems), tuple(rows))


def _flags(machine: Machine) -> tuple[set[str] | None, str]:
    """The features by the names that Linux has for them, and the model's name."""
    if machine.system == "Windows":
        windows = machine.windows
        if windows is None or windows.avx is None:
            return None, ""
        return {name for name, there in (("avx", windows.avx), ("avx2", windows.avx2)) if there}, ""
    if machine.system == "Darwin":
        ran = machine.run(
            ["sysctl", "-n", "machdep.cpu.features", "machdep.cpu.leaf7_features"], SECONDS
        )
        words = set(ran.out.lower().replace("avx1.0", "avx").split())
        return words or None, _model(machine)
    text = machine.read("proc/cpuinfo")
    found = re.search(r"^flags\s*:(.*)$", text or "", re.MULTILINE)
    return (set(found[1].split()) if found else None), _model(machine)


def _model(machine: Machine) -> str:
    if machine.system == "Darwin":
        ran = machine.run(["sysctl", "-n", "machdep.cpu.brand_string"], SECONDS)
        return _short(ran.out)
    found = re.search(r"^model name\s*:(.*)$", machine.read("proc/cpuinfo") or "", re.MULTILINE)
    return _short(found[1]) if found else ""


def _short(name: str) -> str:
    """A processor's name without trademarks."""
    name = re.sub(
        r"\((?:R|TM|tm)\)|\bCPU\b|@.*|\bProcessor\b|\d+-Core", " ", printable(name.strip())
    )
    return " ".join(name.split())


def _translated(machine: Machine) -> list[Problem]:
    """An Intel Python on an Apple processor."""
    if machine.system != "Darwin":
        return []
    ran = machine.run(["sysctl", "-n", "sysctl.proc_translated"], SECONDS)
    if ran.out.strip() != "1":
        return []
    return [
        wrong(
            "This Python was built for Intel, and Rosetta translates it for the Apple processor: "
            "TensorFlow's instructions (AVX) are missing there, and all is slow.",
            fix="Install a Python for Apple silicon (arm64), and make the environment anew with it.",
            diagnosis="env.wrong_architecture",
        )
    ]


def _without(machine: Machine, model: str) -> Problem:
    emulated = any(word in model.lower() for word in ("qemu", "virtual", "kvm", "common"))
    fix = (
        "The machine is virtual: let it pass the processor's features on (QEMU: `-cpu host`). In "
        "Docker on a Mac, take the image for arm64."
        if emulated
        else "Take a machine with AVX (Intel and AMD have it since 2011), or build TensorFlow for "
        "this one."
    )
    return wrong(
        "TensorFlow's packages need AVX: importing it ends with 'Illegal instruction'.",
        fix=fix,
        diagnosis="env.illegal_instruction",
    )
