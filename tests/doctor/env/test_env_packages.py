"""What is said of broken sets of packages, built in real folders."""

from __future__ import annotations

import dataclasses

import pytest
from machines import healthy, only, windows, with_environ, write

from tfviz.doctor.env.checks import (
    fitting,
    frameworks,
    interpreter,
    keras_kinds,
)
from tfviz.doctor.env.checks.registry import CHECKS
from tfviz.doctor.env.private import hidden, shown
from tfviz.doctor.env.result import State


@pytest.fixture
def built(tmp_path):
    return healthy(tmp_path)


@pytest.mark.parametrize(
    "check", [check for check in CHECKS if not check.deep], ids=lambda check: check.name
)
def test_a_healthy_machine_has_no_problem(built, check):
    machine, _ = built
    result = check(machine)
    assert result.state is State.FINE, (result.summary, [each.text for each in result.problems])


# ---- python


@pytest.mark.parametrize(
    ("change", "words", "diagnosis"),
    [
        ({"version": (3, 14, 0)}, "Python 3.14", "env.python_too_new"),
        ({"version": (3, 9, 1)}, "Python 3.9", "env.no_matching_distribution"),
        ({"architecture": "x86"}, "32-bit", "env.no_matching_distribution"),
        ({"implementation": "pypy"}, "pypy", "env.no_matching_distribution"),
        ({"free_threaded": True}, "free-threaded", "env.no_matching_distribution"),
        ({"libc": ("musl", "")}, "Alpine", "env.no_matching_distribution"),
    ],
)
def test_a_python_without_tensorflow_packages_is_wrong(built, change, words, diagnosis):
    machine, _ = built
    problem = only(interpreter.look(dataclasses.replace(machine, **change)))
    assert problem.state is State.WRONG
    assert words in problem.text
    assert problem.diagnosis == diagnosis


def test_the_systems_python_is_told_to_make_an_environment(built, tmp_path):
    machine, _ = built
    write(machine.stdlib_folder / "EXTERNALLY-MANAGED")
    machine = dataclasses.replace(machine, prefix=machine.base_prefix)
    problem = only(interpreter.look(machine))
    assert problem.state is State.WARNING
    assert problem.commands == ("python3 -m venv .venv",)


def test_condas_base_is_told_from_an_environment_of_conda(built, tmp_path):
    machine, _ = built
    base = tmp_path / "conda"
    named = tmp_path / "project" / "env"
    for folder in (base, named):
        (folder / "conda-meta").mkdir(parents=True)
    (base / "condabin").mkdir()
    in_base = dataclasses.replace(machine, prefix=base, base_prefix=base)
    in_env = dataclasses.replace(machine, prefix=named, base_prefix=named)
    assert "conda activate tf" in only(interpreter.look(in_base)).commands
    assert interpreter.look(in_env).summary == "3.12.4, conda environment"
    assert interpreter.look(in_env).problems == ()


def test_a_container_needs_no_environment(built):
    machine, _ = built
    machine = dataclasses.replace(machine, prefix=machine.base_prefix)
    assert only(interpreter.look(machine)).state is State.WARNING
    write(machine.root / ".dockerenv")
    assert interpreter.look(machine).problems == ()


def test_another_environment_that_is_active_is_named(built):
    machine, _ = built
    machine = with_environ(machine, VIRTUAL_ENV=str(machine.home / "other"))
    problem = only(interpreter.look(machine))
    assert str(machine.home / "other") in shown(problem.text)
    assert shown(problem.commands[0]) == f"{machine.home}/other/bin/python -m pip install tfviz"
    assert str(machine.home) not in hidden(problem.text + problem.commands[0])


def test_packages_of_the_users_own_site_are_named(built, tmp_path):
    machine, site = built
    machine = dataclasses.replace(machine, user_site=site.folder)
    assert "numpy" in only(interpreter.look(machine)).text


def test_on_windows_a_new_environment_is_made_with_py(built):
    machine, _ = built
    problem = only(interpreter.look(windows(machine, version=(3, 14, 0))))
    assert problem.commands == ("py -3.13 -m venv .venv",)


# ---- tensorflow


@pytest.mark.parametrize(
    "name",
    ["tensorflow-cpu", "tensorflow-intel", "tensorflow-macos", "tensorflow-rocm", "tf-nightly"],
)
def test_tensorflow_is_found_under_any_of_its_names(built, name):
    machine, site = built
    site.drop("tensorflow")
    site.add(name.replace("-", "_"), "2.20.0", module="tensorflow")
    assert frameworks.look(machine).summary == f"{name} 2.20.0"
    assert frameworks.look(machine).problems == ()


def test_no_tensorflow_is_wrong(built):
    machine, site = built
    site.drop("tensorflow")
    (site.folder / "tensorflow" / "__init__.py").unlink()
    problem = only(frameworks.look(machine))
    assert problem.commands == ("python -m pip install tensorflow",)
    assert problem.diagnosis == "env.tensorflow_missing"


def test_two_tensorflows_are_wrong(built):
    machine, site = built
    site.add("tensorflow_cpu", "2.21.0")
    problem = only(frameworks.look(machine))
    assert problem.commands == (
        "python -m pip uninstall -y tensorflow tensorflow-cpu",
        "python -m pip install tensorflow==2.21.0",
    )


def test_an_umbrella_and_what_it_installs_are_one(built):
    machine, site = built
    site.replace("tensorflow", "2.17.0", module="tensorflow")
    site.add("tensorflow_intel", "2.17.0")
    assert frameworks.look(machine).problems == ()
    site.replace("tensorflow_intel", "2.15.0")
    machine = dataclasses.replace(machine)
    assert only(frameworks.look(machine)).state is State.WRONG


def test_a_record_without_its_folder_is_wrong(built):
    machine, site = built
    (site.folder / "tensorflow" / "__init__.py").unlink()
    problem = only(frameworks.look(machine))
    assert problem.diagnosis == "env.tensorflow_empty_module"
    assert problem.commands == (
        "python -m pip install --force-reinstall --no-deps tensorflow==2.21.0",
    )


def test_a_folder_without_a_record_is_unknown(built):
    machine, site = built
    site.drop("tensorflow")
    assert frameworks.look(machine).state is State.UNKNOWN


def test_tensorflow_gpu_is_dead(built):
    machine, site = built
    site.drop("tensorflow")
    site.add("tensorflow_gpu", "2.12.0")
    problem = only(frameworks.look(machine))
    assert problem.diagnosis == "env.tensorflow_gpu_removed"


# ---- keras


def settings(machine, text):
    write(machine.home / ".keras" / "keras.json", text)


def test_a_backend_that_is_not_installed_is_wrong_wherever_it_is_set(built):
    machine, _ = built
    problem = only(keras_kinds.look(with_environ(machine, KERAS_BACKEND="jax")))
    assert problem.commands == ("unset KERAS_BACKEND",)
    assert problem.diagnosis == "env.keras_backend_config"
    settings(machine, '{"backend": "torch"}')
    problem = only(keras_kinds.look(machine))
    assert "keras.json" in problem.text
    assert problem.commands == ("export KERAS_BACKEND=tensorflow",)
    # The variable overrides the file.
    assert keras_kinds.look(with_environ(machine, KERAS_BACKEND="tensorflow")).problems == ()


def test_a_backend_that_is_installed_deserves_a_look(built):
    machine, site = built
    site.add("jax", "0.8.0")
    problem = only(keras_kinds.look(with_environ(machine, KERAS_BACKEND="jax")))
    assert problem.state is State.WARNING


def test_a_backend_that_does_not_exist_is_wrong(built):
    machine, _ = built
    settings(machine, '{"backend": "theano"}')
    assert "doesn't exist" in only(keras_kinds.look(machine)).text


def test_channels_first_and_half_precision_in_keras_json_are_told(built):
    machine, _ = built
    settings(machine, '{"image_data_format": "channels_first", "floatx": "float16"}')
    first, second = keras_kinds.look(machine).problems
    assert first.diagnosis == "shape.channels_first_on_cpu"
    assert "float16" in shown(second.text)


@pytest.mark.parametrize("text", ["{broken", "[1]", ""])
def test_a_keras_json_that_cannot_be_read_is_told(built, text):
    machine, _ = built
    settings(machine, text)
    problem = only(keras_kinds.look(machine))
    assert problem.state is State.WARNING
    assert "keras.json" in shown(problem.commands[0])


def test_keras_home_moves_the_settings(built, tmp_path):
    machine, _ = built
    settings(machine, '{"backend": "theano"}')
    machine = with_environ(machine, KERAS_HOME=str(tmp_path))
    assert keras_kinds.look(machine).problems == ()


@pytest.mark.parametrize("value", ["1", "True", "true"])
def test_legacy_keras_without_tf_keras_is_wrong(built, value):
    machine, _ = built
    problem = only(keras_kinds.look(with_environ(machine, TF_USE_LEGACY_KERAS=value)))
    assert problem.diagnosis == "env.tf_keras_missing"
    assert problem.commands == (
        "unset TF_USE_LEGACY_KERAS",
        "python -m pip install 'tf_keras~=2.21.0'",
    )


def test_legacy_keras_with_tf_keras_means_two_kinds(built):
    machine, site = built
    site.add("tf_keras", "2.21.0")
    problem = only(keras_kinds.look(with_environ(machine, TF_USE_LEGACY_KERAS="1")))
    assert problem.diagnosis == "keras.mixed_packages"
    assert problem.state is State.WARNING


def test_a_legacy_setting_that_is_not_understood_is_told(built):
    machine, _ = built
    problem = only(keras_kinds.look(with_environ(machine, TF_USE_LEGACY_KERAS="yes")))
    assert "no effect" in problem.text


def test_probability_needs_keras_2(built):
    machine, site = built
    site.add("tensorflow_probability", "0.25.0")
    assert only(keras_kinds.look(machine)).diagnosis == "env.tf_keras_missing"
    site.add("tf_keras", "2.21.0")
    assert keras_kinds.look(dataclasses.replace(machine)).problems == ()


def test_addons_and_keras_3_are_wrong(built):
    machine, site = built
    site.add("tensorflow_addons", "0.23.0")
    assert only(keras_kinds.look(machine)).diagnosis == "env.addons_incompatible"


def test_keras_2_is_named(built):
    machine, site = built
    site.replace("keras", "2.15.0")
    assert keras_kinds.look(machine).summary == "2.15.0 (Keras 2)"


# ---- versions


@pytest.mark.parametrize(
    ("name", "version", "diagnosis", "command"),
    [
        ("protobuf", "5.29.0", "env.protobuf_mismatch", "'protobuf<8.0.0,>=6.31.1'"),
        ("ml_dtypes", "0.4.1", "env.ml_dtypes", "'ml-dtypes<1.0.0,>=0.5.1'"),
        ("keras", "2.15.0", "env.keras_tf_version_mismatch", "'keras>=3.12.0'"),
        ("wrapt", "1.10.0", "env.wrapt_version", "'wrapt>=1.11.0'"),
        ("h5py", "3.16.0", "env.pip_conflict", "'h5py<3.15.0,>=3.11.0'"),
        ("numpy", "1.25.0", "env.numpy_api_version", "'numpy>=1.26.0,>=1.19.3,>=1.25'"),
    ],
)
def test_a_version_outside_the_bounds_is_wrong(built, name, version, diagnosis, command):
    machine, site = built
    site.replace(name, version)
    problem = only(fitting.look(machine))
    assert problem.diagnosis == diagnosis
    assert problem.commands == (f"python -m pip install {command}",)
    assert version in problem.text


def test_numpy_too_new_for_tensorflow_has_its_own_diagnosis(built):
    machine, site = built
    site.replace("tensorflow", "2.18.0", needs=("numpy<2.1.0,>=1.26.0",))
    problem = only(fitting.look(machine))
    assert problem.diagnosis == "env.numpy_too_new_for_tf"
    assert (
        "tensorflow 2.18.0 needs numpy <2.1.0,>=1.26.0, and numpy 2.4.6 is installed"
        in problem.text
    )


def test_a_requirement_that_is_not_installed_is_wrong(built):
    machine, site = built
    site.drop("wrapt")
    problem = only(fitting.look(machine))
    assert problem.diagnosis == "env.package_missing"
    assert problem.commands == ("python -m pip install 'wrapt>=1.11.0'",)


def test_all_that_is_missing_is_one_problem_with_one_command(built):
    machine, site = built
    site.drop("wrapt"), site.drop("ml_dtypes")
    result = fitting.look(machine)
    assert result.summary == "3 requirements aren't met"
    assert only(result).text == (
        "tensorflow 2.21.0 needs ml-dtypes <1.0.0,>=0.5.1, wrapt >=1.11.0; "
        "keras 3.15.1 needs ml-dtypes; they aren't installed."
    )
    assert only(result).commands == (
        "python -m pip install 'ml-dtypes<1.0.0,>=0.5.1' 'wrapt>=1.11.0'",
    )


def test_packages_under_other_names_stand_in_for_each_other(built):
    machine, site = built
    site.drop("tensorflow"), site.drop("opencv_python")
    site.add("tensorflow_cpu", "2.21.0", module="tensorflow")
    site.add("opencv_contrib_python_headless", "4.12.0", module="cv2")
    site.add("xplique", "2.0.2", needs=("tensorflow>=2.1", "opencv-python>=4.5"))
    assert fitting.look(machine).problems == ()


def test_a_nightly_build_fulfils_what_asks_for_the_release(built):
    machine, site = built
    site.drop("tensorflow"), site.drop("keras")
    site.add(
        "tf_nightly",
        "2.22.0.dev20260701",
        needs=("keras-nightly>=3.12.0.dev",),
        module="tensorflow",
    )
    site.add("keras_nightly", "3.16.0.dev2026070104", module="keras")
    site.add(
        "keras_hub", "0.25.0", needs=("keras>=3.20", "tensorflow-text; sys_platform == 'win32'")
    )
    assert fitting.look(machine).problems == ()


def test_when_nobody_can_agree_those_who_ask_are_upgraded(built):
    machine, site = built
    site.add("albumentations", "1.0.0", needs=("numpy<2",))
    site.add("seaborn", "0.14", needs=("numpy>=2.1",))
    problem = only(fitting.look(machine))
    assert problem.diagnosis == "env.pip_conflict"
    assert "--upgrade albumentations" in problem.commands[0]


def test_a_package_for_another_python_is_wrong(built):
    machine, site = built
    site.replace("keras", "3.15.1", python=">=3.13")
    assert "this is 3.12.4" in only(fitting.look(machine)).text


def test_what_cannot_be_read_is_told_and_not_guessed(built):
    machine, site = built
    site.replace("keras", "3.15.1", needs=("numpy @ file:///x", "h5py<<2", "rich; moon == 'full'"))
    result = fitting.look(machine)
    assert result.problems == ()
    assert [value for _, value in result.rows] == [
        "keras: numpy @ file:///x", "keras: h5py<<2", "keras: rich; moon == 'full'",
    ]  # fmt: skip


def test_without_packages_there_is_nothing_to_compare(built):
    machine, _ = built
    assert fitting.look(dataclasses.replace(machine, folders=())).state is State.UNKNOWN
