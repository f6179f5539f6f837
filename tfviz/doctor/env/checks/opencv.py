"""OpenCV: installed once, whole, and with the system libraries that it needs."""

from __future__ import annotations

import os
import re
from pathlib import Path

from tfviz.doctor.env.distributions import Distribution
from tfviz.doctor.env.machine import Machine, exists
from tfviz.doctor.env.names import OPENCV
from tfviz.doctor.env.private import printable
from tfviz.doctor.env.result import Problem, Result, warning, wrong

SECONDS = 3.0
_MISSING = re.compile(r"^\s*(\S+) => not found", re.MULTILINE)
# What a package manager calls them.
_SYSTEM_PACKAGES = {
    "libGL.so.1": "libgl1",
    "libgthread-2.0.so.0": "libglib2.0-0",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libSM.so.6": "libsm6",
    "libXext.so.6": "libxext6",
    "libXrender.so.1": "libxrender1",
    "libxcb.so.1": "libxcb1",
    "libX11.so.6": "libx11-6",
}


def look(machine: Machine) -> Result:
    """Which OpenCV packages there are, and whether their module could be loaded."""
    found = [each for name in OPENCV if (each := machine.distribution(name))]
    file = machine.module_file("cv2")
    if not found:
        return _none(machine, file)
    names = ", ".join(f"{each.name} {each.version}" for each in found)
    binary = _binary(found[0].folder / "cv2")
    missing, said = _missing_libraries(machine, binary)
    problems = _several(machine, found, windows=not missing)
    rows = [
        ("folder", machine.place(found[0].folder / "cv2")),
        ("system libraries", said),
    ]
    if not problems and (binary is None or not exists(found[0].folder / "cv2" / "__init__.py")):
        problems.append(
            wrong(
                f"{found[0].name} is recorded as installed, but parts of its folder `cv2` are "
                f"missing; another OpenCV package that was uninstalled has taken them along.",
                machine.shell.pip(
                    "install",
                    "--force-reinstall",
                    "--no-deps",
                    f"{found[0].name}=={found[0].version}",
                ),
                diagnosis="cv2.broken_install",
            )
        )
    if missing and not problems:
        problems.append(_without_libraries(machine, found[0], missing))
    if not problems and found[0].name.endswith("-headless"):
        rows.append(("windows", "none: the headless package has no imshow"))
    return Result(names, tuple(problems), tuple(rows))


def _none(machine: Machine, file: Path | None) -> Result:
    if file is not None and file.name == "__init__.py":
        # conda's and Debian's OpenCV bring no record that pip reads.
        where = (("folder", machine.place(file.parent)),)
        return Result(
            "found, but of unknown version: it has no package metadata", rows=where, known=False
        )
    problem = wrong(
        "There is no OpenCV here, which tfviz reads pictures with.",
        machine.shell.pip("install", "opencv-python"),
        diagnosis="python.module_pip_name.opencv",
    )
    return Result("not installed", (problem,))


def _several(machine: Machine, found: list[Distribution], *, windows: bool) -> list[Problem]:
    if len(found) < 2:
        return []
    versions = {each.version for each in found}
    if len(versions) == 1 and all(_by_conda(machine, each) for each in found):
        # One build, which conda records under all names that others may require.
        return []
    # The fullest of them has what the others have.
    contrib = any("contrib" in each.name for each in found)
    headless = all(each.name.endswith("-headless") for each in found) or not windows
    keep = f"opencv-{'contrib-' * contrib}python{'-headless' * headless}"
    text = (
        f"{' and '.join(each.name for each in found)} write into the same folder `cv2`: what is "
        f"imported is a mixture, and uninstalling one takes files from the other."
    )
    commands = (
        machine.shell.pip("uninstall", "-y", *(each.name for each in found)),
        machine.shell.pip("install", keep),
    )
    make = wrong if len(versions) > 1 else warning
    return [
        make(
            text,
            *commands,
            fix="Uninstall all of them, then install one.",
            diagnosis="env.opencv_mixed_install",
        )
    ]


def _by_conda(machine: Machine, package: Distribution) -> bool:
    installer = machine.read(package.path / "INSTALLER") or ""
    return installer.strip() == "conda" or package.path.name.endswith(".egg-info")


def _binary(folder: Path) -> Path | None:
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return None
    found = [name for name in names if name.startswith("cv2") and name.endswith((".so", ".pyd"))]
    if not found:
        # conda's lies one folder deeper.
        deeper = [name for name in names if name.startswith("python-3")]
        return _binary(folder / deeper[0]) if deeper else None
    return folder / found[0]


def _missing_libraries(machine: Machine, binary: Path | None) -> tuple[list[str], str]:
    """What the loader doesn't find of what OpenCV's binary asks for, and that in words."""
    if binary is None or machine.system != "Linux":
        return [], "not looked for"
    ran = machine.run(["ldd", str(binary)], SECONDS)
    if ran.code != 0:
        return [], "could not find out: ldd gives no answer"
    missing = sorted({printable(name) for name in _MISSING.findall(ran.out)})
    return missing, f"missing: {', '.join(missing)}" if missing else "all there"


def _without_libraries(machine: Machine, package: Distribution, missing: list[str]) -> Problem:
    verb = "is" if len(missing) == 1 else "are"
    text = (
        f"{package.name} needs {', '.join(missing)} from the system, which {verb} not there: "
        f"`import cv2` fails."
    )
    packages = dict.fromkeys(_SYSTEM_PACKAGES[name] for name in missing if name in _SYSTEM_PACKAGES)
    known = len(packages) > 0 and all(name in _SYSTEM_PACKAGES for name in missing)
    by_system = f"sudo apt-get install -y {' '.join(packages)}"
    windows = machine.environ.get("DISPLAY") or machine.environ.get("WAYLAND_DISPLAY")
    if package.name.endswith("-headless") or (windows and known):
        return wrong(
            text,
            *([by_system] if known else []),
            fix="" if known else "Install the system's packages that hold them.",
            diagnosis="env.libgl_missing",
        )
    instead = f" To open windows, `{by_system}` instead." if known else ""
    return wrong(
        text,
        machine.shell.pip("uninstall", "-y", package.name),
        machine.shell.pip("install", f"{package.name}-headless"),
        fix=f"The headless package opens no windows and needs none of them.{instead}",
        diagnosis="env.libgl_missing",
    )
