"""Versions that don't fit together, by the packages' own metadata.

`pip check` does this too, and gives false alarms: it knows nothing of packages that stand in for
another, `tensorflow-cpu` for `tensorflow`, `opencv-python-headless` for `opencv-python`.
"""

from __future__ import annotations

from tfviz.doctor.env.distributions import Distribution
from tfviz.doctor.env.machine import Machine
from tfviz.doctor.env.names import LISTED, TENSORFLOW, stand_in
from tfviz.doctor.env.requirements import Requirement
from tfviz.doctor.env.result import Problem, Result, wrong
from tfviz.doctor.env.versions import Version, allows

# Which diagnosis tells more, by the package that has the wrong version.
_DIAGNOSES = {
    "protobuf": "env.protobuf_mismatch",
    "ml-dtypes": "env.ml_dtypes",
    "wrapt": "env.wrapt_version",
    "gast": "env.gast_version",
    "typing-extensions": "env.typing_extensions",
    "keras": "env.keras_tf_version_mismatch",
    "keras-nightly": "env.keras_tf_version_mismatch",
    "tensorflow-estimator": "env.estimator_version_mismatch",
}


def look(machine: Machine) -> Result:
    """Hold what the deep-learning packages require against what is installed."""
    facts = marker_facts(machine)
    problems: dict[str, list[tuple[Distribution, Requirement]]] = {}
    packages = held = 0
    unread: list[str] = []
    for name in LISTED:
        package = machine.distribution(name)
        if package is None:
            continue
        packages += 1
        for text in package.requires:
            requirement = Requirement.parse(text)
            counts = requirement.counts(facts) if requirement else None
            fits = _fits(machine, requirement) if requirement and counts else True
            if requirement is None or counts is None or fits is None:
                unread.append(f"{package.name}: {text}")
            elif counts and fits:
                held += 1
            elif counts:
                problems.setdefault(requirement.name, []).append((package, requirement))
    absent = {name: asked for name, asked in problems.items() if not stand_in(machine, name)}
    found = _missing(machine, absent)
    found += [
        _problem(machine, name, asked)
        for name, asked in sorted(problems.items())
        if name not in absent
    ]
    found += _python(machine)
    if not packages:
        return Result("no deep-learning packages here to compare", known=False)
    rows = tuple(("not understood", each) for each in unread)
    if found:
        count = sum(map(len, problems.values())) or len(found)
        many = "s aren't" if count > 1 else " isn't"
        return Result(f"{count} requirement{many} met", tuple(found), rows)
    return Result(f"the {held} requirements of {packages} packages are met", (), rows)


def marker_facts(machine: Machine) -> dict[str, str]:
    """The variables of PEP 508's markers."""
    sys_platform = {"Linux": "linux", "Darwin": "darwin", "Windows": "win32"}
    names = {"x86_64": "AMD64", "arm64": "ARM64"} if machine.system == "Windows" else {}
    if machine.system == "Linux":
        names = {"arm64": "aarch64", "x86": "i686"}
    implementation = {"cpython": "CPython", "pypy": "PyPy"}
    major, minor, _ = machine.version
    return {
        "python_version": f"{major}.{minor}",
        "python_full_version": machine.release,
        "sys_platform": sys_platform.get(machine.system, machine.system.lower()),
        "platform_system": machine.system,
        "os_name": "nt" if machine.system == "Windows" else "posix",
        "platform_machine": names.get(machine.architecture, machine.architecture),
        "platform_python_implementation": implementation.get(
            machine.implementation, machine.implementation
        ),
        "implementation_name": machine.implementation,
        "implementation_version": machine.release,
        "platform_release": "",
        "platform_version": "",
    }


def _fits(machine: Machine, requirement: Requirement) -> bool | None:
    found = stand_in(machine, requirement.name)
    if found is None:
        return False
    if "nightly" in found.name and found.name != requirement.name:
        # A nightly build of the next version is what its user wants.
        return True
    return allows(requirement.specifier, found.version)


def _missing(
    machine: Machine, absent: dict[str, list[tuple[Distribution, Requirement]]]
) -> list[Problem]:
    """What isn't installed at all, in one sentence a package that asks, and one command."""
    if not absent:
        return []
    asks: dict[str, list[str]] = {}
    for asked in absent.values():
        for package, requirement in asked:
            asks.setdefault(f"{package.name} {package.version}", []).append(_readable(requirement))
    said = "; ".join(f"{who} needs {', '.join(dict.fromkeys(what))}" for who, what in asks.items())
    one = len(absent) == 1
    return [
        wrong(
            f"{said}; {'it isn' if one else 'they aren'}'t installed.",
            machine.shell.pip("install", *(_wanted(machine, name) for name in sorted(absent))),
            diagnosis="env.tensorflow_missing" if "tensorflow" in absent else "env.package_missing",
        )
    ]


def _who(asked: list[tuple[Distribution, Requirement]]) -> str:
    return " and ".join(
        dict.fromkeys(
            f"{package.name} {package.version} needs {_readable(requirement)}"
            for package, requirement in asked
        )
    )


def _problem(machine: Machine, name: str, asked: list[tuple[Distribution, Requirement]]) -> Problem:
    found = stand_in(machine, name)
    assert found is not None
    who = _who(asked)
    text = f"{who}, and {found.name} {found.version} is installed."
    wanted = _wanted(machine, name)
    if _contradiction(wanted.removeprefix(name)):
        both = [package.name for package, _ in asked]
        return wrong(
            f"{text} No version of {name} suits everybody here.",
            machine.shell.pip("install", "--upgrade", *dict.fromkeys(both)),
            fix="Newer versions of those that ask for it may agree:",
            diagnosis="env.pip_conflict",
        )
    return wrong(
        text,
        machine.shell.pip("install", wanted.replace(name, found.name, 1)),
        diagnosis=_diagnosis(name, found.version, asked),
    )


def _wanted(machine: Machine, name: str) -> str:
    """What all listed packages ask of one, in one word for pip."""
    facts = marker_facts(machine)
    clauses: list[str] = []
    for other in LISTED:
        package = machine.distribution(other)
        for text in package.requires if package else ():
            requirement = Requirement.parse(text)
            if requirement and requirement.name == name and requirement.counts(facts):
                clauses += [each.strip() for each in requirement.specifier.split(",")]
    return name + ",".join(dict.fromkeys(each for each in clauses if each))


def _contradiction(specifier: str) -> bool:
    """Whether no version can fulfil all clauses: a lower bound that the upper ones refuse."""
    clauses = [each for each in specifier.split(",") if each]
    lowest = [each.lstrip("<>=~!") for each in clauses if each.startswith((">=", "==", "~="))]
    candidates = [each for each in lowest if Version.parse(each)]
    if (
        len(candidates) != len(lowest)
        or not candidates
        or any(each[:1] == ">" and each[:2] != ">=" for each in clauses)
    ):
        return False
    # The smallest version that any clause accepts is one of the lower bounds.
    return not any(allows(specifier, each) for each in candidates)


def _diagnosis(name: str, version: str, asked: list[tuple[Distribution, Requirement]]) -> str:
    by_tensorflow = any(package.name in TENSORFLOW for package, _ in asked)
    if name == "numpy":
        too_new = any(_upper(requirement, version) is False for _, requirement in asked)
        if not too_new:
            return "env.numpy_api_version"
        return "env.numpy_too_new_for_tf" if by_tensorflow else "env.pip_conflict"
    return _DIAGNOSES.get(name, "env.pip_conflict") if by_tensorflow else "env.pip_conflict"


def _upper(requirement: Requirement, version: str) -> bool | None:
    """Whether a version is below the upper bounds alone."""
    clauses = [each.strip() for each in requirement.specifier.split(",")]
    return allows(",".join(each for each in clauses if each.startswith("<")), version)


def _readable(requirement: Requirement) -> str:
    return f"{requirement.name} {requirement.specifier.replace(' ', '')}".strip()


def _python(machine: Machine) -> list[Problem]:
    version = ".".join(map(str, machine.version))
    return [
        wrong(
            f"{package.name} {package.version} is for Python {package.requires_python}, and this "
            f"is {version}.",
            machine.shell.pip("install", "--force-reinstall", name),
            diagnosis="env.no_matching_distribution",
        )
        for name in LISTED
        if (package := machine.distribution(name))
        and package.requires_python
        and allows(package.requires_python, version) is False
    ]
