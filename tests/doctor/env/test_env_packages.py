"""What is said of broken sets of packages, built in real folders."""

from __future__ import annotations

import dataclasses

import pytest
from machines import healthy, only, program, windows, with_environ, write

from tfviz.doctor.env.checks import (
    compiled,
    fitting,
    frameworks,
    interpreter,
    keras_kinds,
    opencv,
    table,
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
    assert problem.commands == ("python -m pip install 'tf_keras~=2.21.0'",)


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


# ---- compiled


def test_a_package_built_for_numpy_1_meets_numpy_2(built):
    machine, site = built
    site.replace("opencv_python", "4.9.0.80")
    site.replace("h5py", "3.10.0")
    problem = only(compiled.look(machine))
    assert problem.diagnosis == "env.numpy2_abi"
    assert "opencv-python 4.9.0.80 and h5py 3.10.0 were compiled for NumPy 1" in problem.text
    site.replace("numpy", "1.26.4")
    assert compiled.look(dataclasses.replace(machine)).problems == ()


def test_what_its_own_metadata_excludes_is_told_once(built):
    machine, site = built
    site.replace("tensorflow", "2.17.0", needs=("numpy<2.0.0,>=1.26.0",), module="tensorflow")
    assert compiled.look(machine).problems == ()
    assert only(fitting.look(machine)).diagnosis == "env.numpy_too_new_for_tf"


@pytest.mark.parametrize(
    ("tag", "fits"),
    [
        ("cp312-cp312-manylinux_2_17_x86_64", True),
        ("cp311-cp311-manylinux_2_17_x86_64", False),
        ("cp313-cp313-manylinux_2_17_x86_64", False),
        ("cp310-abi3-manylinux2014_x86_64", True),
        ("cp313-abi3-manylinux2014_x86_64", False),
        ("cp37.cp38-abi3-linux_x86_64", True),
        ("py3-none-any", True),
        ("py2.py3-none-manylinux1_x86_64", True),
        ("pp310-pypy310_pp73-manylinux2014_x86_64", False),
    ],
)
def test_a_wheel_must_be_for_the_running_python(built, tag, fits):
    machine, site = built
    site.replace("wrapt", "2.5.2", tags=tag)
    problems = compiled.look(machine).problems
    assert (problems == ()) == fits
    assert fits or "built for another Python" in problems[0].text


@pytest.mark.parametrize(
    ("system", "architecture", "tag", "fits"),
    [
        ("Darwin", "arm64", "cp312-cp312-macosx_11_0_arm64", True),
        ("Darwin", "arm64", "cp312-cp312-macosx_11_0_universal2", True),
        ("Darwin", "arm64", "cp312-cp312-macosx_10_15_x86_64", False),
        ("Darwin", "x86_64", "cp312-cp312-macosx_10_15_x86_64", True),
        ("Windows", "x86_64", "cp312-cp312-win_amd64", True),
        ("Windows", "x86_64", "cp312-cp312-win32", False),
        ("Windows", "x86_64", "cp312-cp312-manylinux_2_17_x86_64", False),
        ("Linux", "arm64", "cp312-cp312-manylinux_2_17_aarch64", True),
        ("Linux", "arm64", "cp312-cp312-manylinux_2_17_x86_64", False),
        ("Linux", "riscv64", "cp312-cp312-manylinux_2_17_x86_64", True),
    ],
)
def test_a_wheel_must_be_for_this_processor_and_system(tmp_path, system, architecture, tag, fits):
    machine, site = healthy(tmp_path)
    for name in (
        "tensorflow",
        "h5py",
        "ml_dtypes",
        "protobuf",
        "matplotlib",
        "opencv_python",
        "wrapt",
    ):
        site.drop(name)
    site.replace("numpy", "2.4.6", tags=tag)
    machine = dataclasses.replace(machine, system=system, architecture=architecture, libc=("", ""))
    problems = compiled.look(machine).problems
    assert (problems == ()) == fits
    assert fits or problems[0].diagnosis == "env.wrong_architecture"


def test_a_c_library_that_is_too_old_is_wrong(built):
    machine, _ = built
    problem = only(compiled.look(dataclasses.replace(machine, libc=("glibc", "2.27"))))
    assert problem.diagnosis == "env.glibc_missing"
    assert "opencv-python 5.0.0.93 needs the system's C library (glibc) 2.28" in problem.text


def test_two_records_in_one_folder_are_wrong_and_two_folders_deserve_a_look(built, tmp_path):
    machine, site = built
    other = type(site)(tmp_path / "other")
    other.add("numpy", "1.26.4")
    both = dataclasses.replace(machine, folders=(*machine.folders, other.folder))
    problem = only(compiled.look(both))
    assert problem.state is State.WARNING
    assert "1.26.4" in problem.text
    site.add("numpy", "2.3.0")
    problem = only(compiled.look(dataclasses.replace(machine)))
    assert problem.state is State.WRONG
    assert problem.diagnosis == "env.numpy_broken"


def test_leftovers_and_empty_records_are_told(built):
    machine, site = built
    (site.folder / "~umpy-2.0.0.dist-info").mkdir()
    (site.folder / "wrapt-2.5.2.dist-info" / "METADATA").unlink()
    first, second = compiled.look(machine).problems
    assert "interrupted installation" in first.text
    assert "wrapt 2.5.2" in second.text


# ---- opencv


def test_two_opencvs_of_different_versions_are_wrong(built):
    machine, site = built
    site.add("opencv_python_headless", "4.12.0.88")
    problem = only(opencv.look(machine))
    assert problem.state is State.WRONG
    assert problem.diagnosis == "env.opencv_mixed_install"
    assert problem.commands == (
        "python -m pip uninstall -y opencv-python opencv-python-headless",
        "python -m pip install opencv-python",
    )


def test_the_fullest_of_several_opencvs_is_kept(built):
    machine, site = built
    site.drop("opencv_python")
    site.add("opencv_python_headless", "4.12.0")
    site.add("opencv_contrib_python_headless", "4.12.0")
    problem = only(opencv.look(machine))
    assert problem.state is State.WARNING
    assert problem.commands[1] == "python -m pip install opencv-contrib-python-headless"


def test_the_records_that_conda_writes_for_one_build_are_one(built):
    machine, site = built
    for name in ("opencv_python", "opencv_python_headless"):
        site.drop(name)
        write(site.add(name, "4.12.0") / "INSTALLER", "conda\n")
    assert opencv.look(machine).problems == ()


def test_an_opencv_whose_files_were_taken_along_is_wrong(built):
    machine, site = built
    (site.folder / "cv2" / "cv2.abi3.so").unlink()
    assert only(opencv.look(machine)).diagnosis == "cv2.broken_install"


GL = "printf '\\tlibGL.so.1 => not found\\n\\tlibgthread-2.0.so.0 => not found\\n'"
APT = "sudo apt-get install -y libgl1 libglib2.0-0"


def test_missing_system_libraries_are_named(built):
    machine, _ = built
    program(machine, "ldd", GL)
    problem = only(opencv.look(machine))
    assert problem.diagnosis == "env.libgl_missing"
    assert "libGL.so.1, libgthread-2.0.so.0" in problem.text
    assert APT in problem.fix
    assert problem.commands == (
        "python -m pip uninstall -y opencv-python",
        "python -m pip install opencv-python-headless",
    )


def test_where_there_is_a_display_the_systems_libraries_are_installed(built):
    machine, _ = built
    program(machine, "ldd", GL)
    assert only(opencv.look(with_environ(machine, DISPLAY=":0"))).commands == (APT,)


def test_two_opencvs_without_system_libraries_become_one_headless(built):
    machine, site = built
    program(machine, "ldd", GL)
    site.add("opencv_contrib_python", "4.12.0.88")
    problem = only(opencv.look(machine))
    assert problem.diagnosis == "env.opencv_mixed_install"
    assert problem.commands[1] == "python -m pip install opencv-contrib-python-headless"


@pytest.mark.parametrize("script", ["exit 1", "kill -9 $$"])
def test_an_ldd_that_fails_is_no_problem(built, script):
    machine, _ = built
    program(machine, "ldd", script)
    result = opencv.look(machine)
    assert result.problems == ()
    assert ("system libraries", "could not find out: ldd gives no answer") in result.rows


def test_opencv_of_conda_has_no_record(built):
    machine, site = built
    site.drop("opencv_python")
    assert opencv.look(machine).state is State.UNKNOWN


def test_no_opencv_is_wrong(built):
    machine, site = built
    site.drop("opencv_python")
    (site.folder / "cv2" / "__init__.py").unlink()
    assert only(opencv.look(machine)).commands == ("python -m pip install opencv-python",)


# ---- the table


def test_the_table_lists_names_and_versions(built):
    machine, _ = built
    rows = dict(table.look(machine).rows)
    assert rows["tensorflow"] == "2.21.0"
    assert rows["ml-dtypes"] == "0.6.0"
    assert "wrapt" not in rows


# ---- commands for the shell


def test_an_interpreter_that_is_not_on_the_path_is_named_in_full(built):
    machine, _ = built
    machine = with_environ(machine, PATH="/nowhere")
    assert (
        shown(machine.shell.pip("install", "keras")) == f"{machine.executable} -m pip install keras"
    )
    assert hidden(machine.shell.pip("install", "keras")) == "<python> -m pip install keras"


@pytest.mark.parametrize(
    ("environ", "path", "command"),
    [
        (
            {"PROMPT": "$P$G"},
            "C:\\My Env\\python.exe",
            '"C:\\My Env\\python.exe" -m pip install "numpy<2"',
        ),
        ({}, "C:\\My Env\\python.exe", '& "C:\\My Env\\python.exe" -m pip install "numpy<2"'),
        ({}, "C:\\env\\python.exe", 'C:\\env\\python.exe -m pip install "numpy<2"'),
    ],
)
def test_windows_shells_get_their_own_quotes(built, environ, path, command):
    from pathlib import PureWindowsPath

    machine, _ = built
    machine = dataclasses.replace(
        machine, system="Windows", environ={"PATH": "", **environ}, executable=PureWindowsPath(path)
    )
    assert shown(machine.shell.pip("install", "numpy<2")) == command


@pytest.mark.parametrize(
    ("kind", "set_it", "unset_it"),
    [
        ("posix", "export A='b c'", "unset A"),
        ("fish", "set -x A 'b c'", "set -e A"),
        ("cmd", "set A=b c", "set A="),
        ("powershell", '$env:A = "b c"', "Remove-Item Env:A"),
    ],
)
def test_each_shell_sets_variables_in_its_own_way(built, kind, set_it, unset_it):
    machine, _ = built
    shell = dataclasses.replace(machine.shell, kind=kind)
    assert (shell.set("A", "b c"), shell.unset("A")) == (set_it, unset_it)


def test_without_pip_it_is_told_how_to_get_it(built):
    machine, site = built
    site.drop("pip")
    assert only(interpreter.look(machine)).commands == ("python -m ensurepip --upgrade",)


def test_an_environment_made_by_uv_is_served_by_uv(built):
    machine, site = built
    site.drop("pip")
    write(machine.prefix / "pyvenv.cfg", "home = /usr\nuv = 0.9.1\n")
    assert interpreter.look(machine).problems == ()
    assert machine.shell.pip("uninstall", "-y", "keras") == "uv pip uninstall keras"


def test_versions_also_come_from_egg_infos(built):
    machine, site = built
    write(site.folder / "visdom-0.2.4-py3.12.egg-info", "Name: visdom\nVersion: 0.2.4\n")
    write(site.folder / "captum.egg-info" / "PKG-INFO", "Name: captum\nVersion: 0.8.0\n")
    assert (machine.version_of("visdom"), machine.version_of("captum")) == ("0.2.4", "0.8.0")
