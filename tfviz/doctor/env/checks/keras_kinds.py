"""Keras 3, Keras 2, tf_keras, and which of them `import keras` and `tf.keras` mean."""

from __future__ import annotations

import json
from typing import Any

from tfviz.doctor.env.distributions import Distribution
from tfviz.doctor.env.machine import Machine
from tfviz.doctor.env.names import KERAS, tensorflow_of
from tfviz.doctor.env.private import own
from tfviz.doctor.env.result import Problem, Result, warning, wrong
from tfviz.doctor.env.versions import Version

# What Keras 3 computes with, and the package that it needs for it.
BACKENDS = {
    "tensorflow": "tensorflow",
    "jax": "jax",
    "torch": "torch",
    "numpy": "numpy",
    "openvino": "openvino",
}
# They call Keras 2, which is a package of its own since TensorFlow 2.16.
_NEED_KERAS_2 = ("tensorflow-probability", "tensorflow-model-optimization")


def look(machine: Machine) -> Result:
    """The kinds of Keras, the backend, and what both leads to."""
    found = [each for name in KERAS if (each := machine.distribution(name))]
    if not found:
        tensorflow = tensorflow_of(machine)
        problem = wrong(
            "TensorFlow needs Keras for `tf.keras`." if tensorflow else "There is no Keras here.",
            machine.shell.pip("install", "keras"),
            diagnosis="env.broken_keras_install",
        )
        return Result("not installed", (problem,))
    keras = found[0]
    settings, problems = _settings(machine)
    backend, source = _backend(machine, settings)
    three = _major(keras) >= 3
    problems += [*_several(machine, found), *_two_kinds(machine, keras), *_addons(machine, keras)]
    if three:
        problems += _backend_problems(machine, backend, source)
    if settings.get("image_data_format") == "channels_first":
        problems.append(
            warning(
                'keras.json sets "image_data_format": "channels_first": pictures are (channels, '
                "height, width) for every model, and many layers don't run like this on a CPU.",
                fix='Write "channels_last" there, unless that is meant.',
                diagnosis="shape.channels_first_on_cpu",
            )
        )
    for key, usual in (("floatx", "float32"), ("epsilon", 1e-7)):
        if key in settings and settings[key] != usual:
            problems.append(
                warning(
                    f"keras.json sets {key} to {own(settings[key], 'value')}, not {usual}, for "
                    f"every model on this machine."
                )
            )
    named = "" if keras.name == "keras" else f"{keras.name} "
    shown = backend if backend in BACKENDS else own(backend, "backend")
    summary = f"{named}{keras.version}" + (f" on {shown}" if three else " (Keras 2)")
    old = machine.version_of("tf-keras")
    summary += f", tf_keras {old}" if old else ""
    rows = (
        ("backend", f"{shown}, set by {source}"),
        ("settings", machine.place(machine.keras_home / "keras.json")),
        ("tf.keras is", _tf_keras(machine, keras)),
    )
    return Result(summary, tuple(problems), rows)


def _settings(machine: Machine) -> tuple[dict[str, Any], list[Problem]]:
    path = machine.keras_home / "keras.json"
    text = machine.read(path)
    if text is None:
        return {}, []
    try:
        data = json.loads(text)
        if isinstance(data, dict):
            return data, []
    except ValueError:
        pass
    # Keras ignores such a file without a word.
    problem = warning(
        f"keras.json in {machine.place(path.parent)} can't be read as JSON, so Keras ignores it.",
        machine.shell.remove(path, "keras.json"),
        fix="Mend it, or delete it: Keras writes a new one.",
    )
    return {}, [problem]


def _backend(machine: Machine, settings: dict[str, Any]) -> tuple[str, str]:
    if machine.environ.get("KERAS_BACKEND"):
        return machine.environ["KERAS_BACKEND"], "KERAS_BACKEND"
    if settings.get("backend"):
        return str(settings["backend"]), "keras.json"
    return "tensorflow", "nothing: the default"


def _backend_problems(machine: Machine, backend: str, source: str) -> list[Problem]:
    if backend == "tensorflow":
        return []
    if source == "KERAS_BACKEND":
        commands = (machine.shell.unset("KERAS_BACKEND"),)
        fix = ""
    else:
        commands = (machine.shell.set("KERAS_BACKEND", "tensorflow"),)
        fix = 'Write "backend": "tensorflow" into keras.json, or override it:'
    shown = f"'{own(backend, 'backend')}'" if backend not in BACKENDS else backend
    if backend not in BACKENDS:
        text = f"{source} asks Keras for the backend {shown}, which doesn't exist in Keras 3."
    elif machine.distribution(BACKENDS[backend]) is None:
        text = f"{source} asks Keras for the backend {shown}, which isn't installed here."
    else:
        return [
            warning(
                f"{source} sets Keras to {shown}: `tf.GradientTape` sees nothing of its models, "
                f"and tfviz's own commands refuse them.",
                *commands,
                fix=fix or "If that isn't meant:",
            )
        ]
    return [wrong(text, *commands, fix=fix, diagnosis="env.keras_backend_config")]


def _several(machine: Machine, found: list[Distribution]) -> list[Problem]:
    if len(found) < 2:
        return []
    return [
        wrong(
            "keras and keras-nightly write into the same folder `keras`: what is imported is a "
            "mixture.",
            machine.shell.pip("uninstall", "-y", *(each.name for each in found)),
            machine.shell.pip("install", "keras"),
            diagnosis="env.broken_keras_install",
        )
    ]


def _legacy(machine: Machine) -> bool:
    return machine.environ.get("TF_USE_LEGACY_KERAS", "").lower() in ("1", "true")


def _new_tensorflow(machine: Machine) -> bool:
    """Whether its `tf.keras` is a package of its own choice: since 2.16."""
    tensorflow = tensorflow_of(machine)
    version = Version.parse(tensorflow.version) if tensorflow else None
    return version is None or version.release >= (2, 16)


def _two_kinds(machine: Machine, keras: Distribution) -> list[Problem]:
    problems = []
    old = machine.distribution("tf-keras") or machine.distribution("tf-keras-nightly")
    fitting = "tf_keras"
    tensorflow = tensorflow_of(machine)
    if tensorflow:
        version = Version.parse(tensorflow.version)
        fitting = f"tf_keras~={version.release[0]}.{version.release[1]}.0" if version else fitting
    setting = machine.environ.get("TF_USE_LEGACY_KERAS", "")
    if setting and not _legacy(machine) and setting.lower() not in ("0", "false"):
        problems.append(
            warning(
                f"TF_USE_LEGACY_KERAS={own(setting, 'value')} has no effect: only 1 and True do.",
                machine.shell.set("TF_USE_LEGACY_KERAS", "1"),
            )
        )
    if _new_tensorflow(machine) and _legacy(machine):
        if old is None:
            problems.append(
                wrong(
                    "TF_USE_LEGACY_KERAS makes `tf.keras` mean tf_keras, which isn't installed.",
                    machine.shell.unset("TF_USE_LEGACY_KERAS"),
                    machine.shell.pip("install", fitting),
                    fix="Take the setting away, and `tf.keras` is Keras 3; only for programs that "
                    "need Keras 2, install it:",
                    diagnosis="env.tf_keras_missing",
                )
            )
        elif _major(keras) >= 3:
            problems.append(
                warning(
                    f"TF_USE_LEGACY_KERAS makes `tf.keras` Keras 2 (tf_keras {old.version}), while "
                    f"`import keras` is Keras {keras.version}: layers of one don't work in models "
                    f"of the other.",
                    machine.shell.unset("TF_USE_LEGACY_KERAS"),
                    fix="Import only one of the two in a program, or go back to Keras 3:",
                    diagnosis="keras.mixed_packages",
                )
            )
    needing = [name for name in _NEED_KERAS_2 if machine.distribution(name)]
    if needing and old is None and _new_tensorflow(machine) and _major(keras) >= 3:
        problems.append(
            wrong(
                f"{needing[0]} works on Keras 2, which is the package tf_keras since TensorFlow "
                f"2.16, and isn't installed.",
                machine.shell.pip("install", fitting),
                diagnosis="env.tf_keras_missing",
            )
        )
    return problems


def _addons(machine: Machine, keras: Distribution) -> list[Problem]:
    if machine.distribution("tensorflow-addons") is None or _major(keras) < 3:
        return []
    return [
        wrong(
            "tensorflow-addons has ended with TensorFlow 2.15 and can't be imported with Keras 3; "
            "most of what it had is in Keras itself.",
            machine.shell.pip("uninstall", "-y", "tensorflow-addons"),
            diagnosis="env.addons_incompatible",
        )
    ]


def _tf_keras(machine: Machine, keras: Distribution) -> str:
    if _new_tensorflow(machine) and _legacy(machine):
        return f"tf_keras {machine.version_of('tf-keras') or '(missing)'}"
    return f"Keras {keras.version}"


def _major(keras: Distribution) -> int:
    version = Version.parse(keras.version)
    return version.release[0] if version else 3
