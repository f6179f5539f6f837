"""What is said of compiled parts, OpenCV and the table; commands for each shell."""

from __future__ import annotations

import dataclasses

import pytest
from machines import healthy, only, program, with_environ, write

from tfviz.doctor.env.checks import (
    compiled,
    fitting,
    interpreter,
    opencv,
    table,
)
from tfviz.doctor.env.private import hidden, shown
from tfviz.doctor.env.result import State


@pytest.fixture
def built(tmp_path):
    return healthy(tmp_path)


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
