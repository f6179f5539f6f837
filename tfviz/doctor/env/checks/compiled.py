"""Compiled packages: built for this Python, this processor, this system, and this NumPy."""

from __future__ import annotations

import re

from tfviz.doctor.env.distributions import Distribution, leftovers_in
from tfviz.doctor.env.machine import Machine
from tfviz.doctor.env.names import COMPILED
from tfviz.doctor.env.private import own
from tfviz.doctor.env.requirements import Requirement
from tfviz.doctor.env.result import Problem, Result, warning, wrong
from tfviz.doctor.env.versions import Version, allows

# The first release of each that was compiled for NumPy 2; what is older can't be imported with it.
# Source: the packages' release notes, collected in numpy/numpy#26191.
FOR_NUMPY_2 = {
    "tensorflow": "2.18", "tensorflow-cpu": "2.18", "tensorflow-intel": "2.18",
    "tensorflow-macos": "2.18", "opencv-python": "4.10", "opencv-python-headless": "4.10",
    "opencv-contrib-python": "4.10", "opencv-contrib-python-headless": "4.10", "h5py": "3.11",
    "matplotlib": "3.9", "contourpy": "1.2.1", "scipy": "1.13", "pandas": "2.2.2",
    "scikit-learn": "1.4.2", "scikit-image": "0.23.1", "ml-dtypes": "0.4", "numba": "0.60",
    "pyarrow": "16", "numexpr": "2.10", "onnxruntime": "1.19", "torch": "2.3", "shapely": "2.0.4",
}  # fmt: skip
_SHOWN = (
    ("numpy", "NumPy"),
    ("protobuf", "protobuf"),
    ("h5py", "h5py"),
    ("ml-dtypes", "ml_dtypes"),
)
_GLIBC = re.compile(r"manylinux_(\d+)_(\d+)_|manylinux(1|2010|2014)_")
_OLD_NAMES = {"1": (2, 5), "2010": (2, 12), "2014": (2, 17)}


def look(machine: Machine) -> Result:
    """Hold what wheels say of themselves against this machine."""
    present = [each for name in COMPILED if (each := machine.distribution(name))]
    problems = [
        *_for_another(machine, present),
        *_numpy_abi(machine, present),
        *_glibc(machine, present),
        *_twice(machine, present),
        *_leftovers(machine),
        *_unreadable(machine, present),
    ]
    shown = [f"{title} {found}" for name, title in _SHOWN if (found := machine.version_of(name))]
    rows = tuple(
        (each.name, f"{each.version}, {each.tags[0] if each.tags else 'of unknown build'}")
        for each in present
    )
    if machine.distribution("numpy") is None:
        problems.append(
            wrong(
                "There is no NumPy here, on which everything else stands.",
                machine.shell.pip("install", "numpy"),
                diagnosis="env.package_missing",
            )
        )
    return Result(", ".join(shown) or "none installed", tuple(problems), rows)


def _again(machine: Machine, packages: list[Distribution]) -> str:
    pins = [f"{each.name}=={each.version}" for each in packages]
    return machine.shell.pip("install", "--force-reinstall", "--no-deps", *pins)


def _for_another(machine: Machine, present: list[Distribution]) -> list[Problem]:
    python = [each for each in present if each.tags and not _python_fits(machine, each.tags)]
    processor = [
        each
        for each in present
        if each not in python and each.tags and not _processor_fits(machine, each.tags)
    ]
    problems = []
    version = f"Python {machine.version[0]}.{machine.version[1]}"
    if python:
        problems.append(
            wrong(
                f"{_listed(python)}: built for another Python than the {version} that runs "
                f"({python[0].tags[0]}); folders of two Pythons are mixed on the path.",
                _again(machine, python),
                fix="Look at PYTHONPATH first, then install anew:",
                diagnosis="env.package_dll" if machine.system == "Windows" else "",
            )
        )
    if processor:
        problems.append(
            wrong(
                f"{_listed(processor)}: built for another processor or system "
                f"({processor[0].tags[0]}) than this {machine.system} {machine.architecture}.",
                _again(machine, processor),
                diagnosis="env.wrong_architecture",
            )
        )
    return problems


def _python_fits(machine: Machine, tags: tuple[str, ...]) -> bool:
    """Whether a wheel's tags are for the running Python.

    Source: PEP 425.
    """
    major, minor = machine.version[:2]
    for tag in tags:
        pythons, abis, *_ = (*tag.split("-"), "", "")
        for python in pythons.split("."):
            if python.startswith("py"):
                return True
            match = re.fullmatch(r"[a-z]+(\d)(\d*)", python)
            if match is None:
                return True
            built = (int(match[1]), int(match[2] or 0))
            stable = "abi3" in abis.split(".") and built <= (major, minor)
            if built == (major, minor) or stable:
                return True
    return False


def _processor_fits(machine: Machine, tags: tuple[str, ...]) -> bool:
    names = {"x86_64": ("x86_64", "amd64", "universal2", "intel", "fat64"), "x86": ("win32", "i686", "i386"),
             "arm64": ("arm64", "aarch64", "universal2")}  # fmt: skip
    systems = {"Linux": ("linux",), "Darwin": ("macosx",), "Windows": ("win",)}
    fitting = names.get(machine.architecture)
    starts = systems.get(machine.system)
    if fitting is None or starts is None:
        return True
    for tag in tags:
        for platform in tag.split("-")[-1].split("."):
            linux = machine.system == "Linux" and platform.startswith(("manylinux", "musllinux"))
            same_system = platform.startswith(starts) or linux
            if platform == "any" or (same_system and platform.endswith(fitting)):
                return True
    return False


def _numpy_abi(machine: Machine, present: list[Distribution]) -> list[Problem]:
    numpy = machine.distribution("numpy")
    version = Version.parse(numpy.version) if numpy else None
    if numpy is None or version is None or version.release[0] < 2:
        return []
    old = []
    for each in present:
        first = Version.parse(FOR_NUMPY_2.get(each.name, ""))
        have = Version.parse(each.version)
        if first and have and have < first and not _refuses(each, numpy.version):
            old.append(each)
    if not old:
        return []
    return [
        wrong(
            f"{_listed(old)} {'was' if len(old) == 1 else 'were'} compiled for NumPy 1 and can't "
            f"run with NumPy {numpy.version}.",
            machine.shell.pip("install", "--upgrade", *(each.name for each in old)),
            fix='Newer releases are built for NumPy 2; only where none will do, take "numpy<2".',
            diagnosis="env.numpy2_abi",
        )
    ]


def _refuses(package: Distribution, numpy: str) -> bool:
    """Whether its own metadata excludes this NumPy: the check of versions says so then."""
    asked = [Requirement.parse(text) for text in package.requires]
    return any(
        each is not None and each.name == "numpy" and allows(each.specifier, numpy) is False
        for each in asked
    )


def _glibc(machine: Machine, present: list[Distribution]) -> list[Problem]:
    name, version = machine.libc
    have = tuple(int(each) for each in version.split(".")[:2] if each.isdigit())
    if name != "glibc" or len(have) != 2:
        return []
    newer = [each for each in present if each.tags and min(map(_needs, each.tags)) > have]
    if not newer:
        return []
    need = min(map(_needs, newer[0].tags))
    return [
        wrong(
            f"{_listed(newer)} needs the system's C library (glibc) {need[0]}.{need[1]}; here it "
            f"is {version}.",
            fix="The C library comes with the operating system: take a newer one, a newer image, "
            "or conda's packages.",
            diagnosis="env.glibc_missing",
        )
    ]


def _needs(tag: str) -> tuple[int, int]:
    found = [
        _OLD_NAMES[match[3]] if match[3] else (int(match[1]), int(match[2]))
        for match in _GLIBC.finditer(tag)
    ]
    return min(found, default=(0, 0))


def _twice(machine: Machine, present: list[Distribution]) -> list[Problem]:
    problems = []
    for each in present:
        copies = machine.installed[each.name]
        here = [copy for copy in copies if copy.folder == each.folder]
        if len(here) > 1:
            versions = " and ".join(copy.version for copy in here)
            problems.append(
                wrong(
                    f"{each.name} has the records of two versions, {versions}, in one folder: an "
                    f"upgrade was interrupted, and its files may be of both.",
                    machine.shell.pip("uninstall", "-y", each.name),
                    machine.shell.pip("install", "--force-reinstall", each.name),
                    fix="Uninstall until nothing is left, then install:",
                    diagnosis="env.numpy_broken" if each.name == "numpy" else "",
                )
            )
        elif len({copy.version for copy in copies}) > 1:
            others = ", ".join(
                f"{copy.version} in {machine.place(copy.folder)}" for copy in copies[1:]
            )
            problems.append(
                warning(
                    f"{each.name} is installed several times; {each.version} in "
                    f"{machine.place(each.folder)} is imported, and hides {others}.",
                    fix="Uninstall it from one of the folders.",
                )
            )
    return problems


def _leftovers(machine: Machine) -> list[Problem]:
    problems = []
    # Not in the user's own folders, where '~' begins the names of open documents.
    installed = {each[0].folder for each in machine.installed.values()}
    for folder in filter(installed.__contains__, machine.folders):
        names = leftovers_in(folder)
        if names:
            problems.append(
                warning(
                    f"{machine.place(folder)} holds {len(names)} folder{'s' * (len(names) > 1)} of "
                    f"an interrupted installation ({', '.join(own(name, 'name') for name in names[:3])}): "
                    f"pip ignores them, with a warning each time.",
                    fix="Delete the folders that begin with '~'.",
                )
            )
    return problems


def _unreadable(machine: Machine, present: list[Distribution]) -> list[Problem]:
    empty = [each for each in present if not each.readable]
    if not empty:
        return []
    return [
        warning(
            f"{_listed(empty)}: the record of the installation is empty, so it was interrupted.",
            _again(machine, empty),
        )
    ]


def _listed(packages: list[Distribution]) -> str:
    names = [f"{each.name} {each.version}" for each in packages]
    if len(names) > 4:
        names = [*names[:3], f"{len(names) - 3} more"]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
