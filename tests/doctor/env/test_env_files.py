"""What is said of files and variables around a program: weights, hidden modules, settings."""

from __future__ import annotations

import dataclasses
import zipfile

import h5py
import numpy as np
import pytest
from machines import (
    cuda,
    healthy,
    only,
    with_environ,
    write,
)

from tfviz.doctor.env.checks import (
    drawing,
    hiding,
    variables,
    weights,
)
from tfviz.doctor.env.private import hidden, shown
from tfviz.doctor.env.result import State

GB = 1024**3


@pytest.fixture
def built(tmp_path):
    return healthy(tmp_path)


# ---- downloaded weights


@pytest.mark.parametrize("libver", ["earliest", "latest", "v108"])
def test_a_cut_off_hdf5_file_is_told_from_a_whole_one(built, libver):
    machine, _ = built
    path = machine.home / ".keras" / "models" / "vgg16.h5"
    with h5py.File(path, "w", libver=libver) as file:
        file["w"] = np.arange(50_000)
    assert weights.damage(path) == ""
    assert weights.look(machine).summary == "1 file downloaded, 393 kB"
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    problem = only(weights.look(machine))
    assert problem.diagnosis == "net.download_corrupt"
    assert "is cut off" in problem.text
    assert shown(problem.commands[0]) == f"rm {path}"


def test_a_cut_off_keras_archive_is_told_from_a_whole_one(tmp_path):
    path = tmp_path / "model.keras"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", "{}" * 1000)
    assert weights.damage(path) == ""
    path.write_bytes(path.read_bytes()[:-30])
    assert weights.damage(path) == "is cut off"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"<!DOCTYPE html>", "is a web page, not weights"),
        (b"\x89HDF\r\n\x1a\n\x07" + bytes(60), ""),
        (b"random bytes", "is no file of weights"),
    ],
)
def test_other_downloads_are_named_for_what_they_are(tmp_path, content, said):
    path = tmp_path / "x.h5"
    path.write_bytes(content)
    assert weights.damage(path) == said


def test_no_folder_of_weights_is_no_problem(built):
    machine, _ = built
    (machine.home / ".keras" / "models").rmdir()
    assert weights.look(machine).state is State.FINE


# ---- files that hide modules


@pytest.mark.parametrize(
    ("name", "state"),
    [
        ("keras.py", State.WRONG),
        ("tensorflow.py", State.WRONG),
        ("random.py", State.WRONG),
        ("types.py", State.WRONG),
        ("cv2/__init__.py", State.WRONG),
        ("numpy.cpython-312-x86_64-linux-gnu.so", State.WRONG),
        ("wave.py", State.WARNING),
    ],
)
def test_a_file_that_hides_a_module_is_told(built, name, state):
    machine, _ = built
    write(machine.cwd / name)
    problem = only(hiding.look(machine))
    assert problem.state is state
    assert f"`{name.removesuffix('__init__.py')}` in the current folder" in problem.text


@pytest.mark.parametrize(
    "name",
    [
        "train.py", "test.py", "keras.txt", "keras_model.py", "keras.ipynb", "cv2/notes.txt",
        "random/data.py", "tensorflow/data.py", "numpy",
    ],
)  # fmt: skip
def test_other_names_hide_nothing(built, name):
    machine, _ = built
    write(machine.cwd / name)
    assert hiding.look(machine).problems == ()


def test_a_folder_without_init_counts_where_the_package_is_missing(built):
    machine, _ = built
    write(machine.cwd / "torch" / "data.py")
    assert only(hiding.look(machine)).state is State.WRONG


def test_a_folder_that_python_joins_with_others_hides_nothing(built):
    machine, site = built
    (site.folder / "google" / "protobuf").mkdir(parents=True)
    write(machine.cwd / "google" / "search.py")
    assert hiding.look(machine).problems == ()


def test_a_package_in_its_own_repository_hides_nothing(built):
    machine, _ = built
    write(machine.cwd / "tfviz" / "__init__.py")
    assert len(hiding.look(machine).problems) == 1
    write(machine.cwd / "pyproject.toml", '[project]\nname = "tfviz"\n')
    assert hiding.look(machine).problems == ()


def test_the_folders_of_pythonpath_are_looked_into(built, tmp_path):
    machine, _ = built
    write(tmp_path / "lib" / "keras.py")
    problem = only(hiding.look(with_environ(machine, PYTHONPATH=str(tmp_path / "lib"))))
    assert str(tmp_path) in shown(problem.text)
    assert str(tmp_path) not in hidden(problem.text + problem.commands[0])
    assert shown(problem.commands[0]) == f"mv {tmp_path}/lib/keras.py {tmp_path}/lib/my_keras.py"


@pytest.mark.parametrize(
    ("kind", "command"),
    [
        ("posix", "mv keras.py my_keras.py"),
        ("cmd", "ren keras.py my_keras.py"),
        ("powershell", "Rename-Item keras.py my_keras.py"),
    ],
)
def test_the_file_is_renamed_as_the_shell_does_it(built, kind, command):
    machine, _ = built
    write(machine.cwd / "keras.py")
    vars(machine)["shell"] = dataclasses.replace(machine.shell, kind=kind)
    assert only(hiding.look(machine)).commands == (command,)


# ---- variables


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TF_FORCE_GPU_ALLOW_GROWTH", "1"),
        ("TF_CPP_MIN_LOG_LEVEL", "3"),
        ("TF_CPP_MIN_LOG_LEVEL", "ERROR"),
        ("TF_CPP_MAX_VLOG_LEVEL", "2"),
        ("TF_ENABLE_ONEDNN_OPTS", "off"),
        ("TF_GPU_ALLOCATOR", "cuda_malloc"),
        ("TF_CONFIG", "{broken"),
        ("TF_CONFIG", '{"cluster": {}}'),
        ("TF_NUM_INTRAOP_THREADS", "two"),
        ("OMP_NUM_THREADS", "0"),
        ("OMP_NUM_THREADS", "4 "+"cores"),
        ("XLA_FLAGS", "xla_dump_to=tmp"),
        ("XLA_FLAGS", "--xla_gpu_cuda_data_dir=/nowhere"),
        ("XLA_FLAGS", "--foo"),
        ("XLA_FLAGS", "--xla_dump_to=/tmp --xla_gpu_autotune_levl=0"),
        ("KMP_DUPLICATE_LIB_OK", "TRUE"),
        ("CUDA_LAUNCH_BLOCKING", "1"),
        ("CUDA_HOME", "/nowhere/cuda"),
        ("LD_PRELOAD", "/nowhere/lib.so"),
        ("PYTHONPATH", "/opt/ros/lib/python3.8/site-packages"),
        ("PYTHONOPTIMIZE", "2"),
        ("PYTHONHOME", "/usr"),
        ("PYTHONWARNINGS", "error"),
        ("PYTHONIOENCODING", "ascii"),
        ("PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION", "cpp"),
        ("PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION", "python"),
        ("HDF5_DISABLE_VERSION_CHECK", "2"),
        ("QT_QPA_PLATFORM_PLUGIN_PATH", "/nowhere/plugins"),
    ],
)  # fmt: skip
def test_variables_that_bite_are_told(built, name, value):
    machine, _ = built
    problem = only(variables.look(with_environ(machine, **{name: value})))
    assert name in problem.text
    assert problem.commands


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TF_FORCE_GPU_ALLOW_GROWTH", "true"),
        ("TF_CPP_MIN_LOG_LEVEL", "2"),
        ("TF_ENABLE_ONEDNN_OPTS", "0"),
        ("TF_CONFIG", "{}"),
        ("OMP_NUM_THREADS", "4"),
        ("OMP_NUM_THREADS", "4,2"),
        ("XLA_FLAGS", "--xla_force_host_platform_device_count=2"),
        ("XLA_FLAGS", "--xla_gpu_some_newer_flag=2 --xla_dump_to=/tmp"),
        ("PYTHONPATH", "src:lib"),
        ("PYTHONPATH", "/home/ana/python3.8-course"),
        ("PYTHONHASHSEED", "0"),
        ("PYTHONOPTIMIZE", "1"),
        ("PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION", "upb"),
        ("LD_PRELOAD", "libtcmalloc.so.4"),
        ("TF_CLI_CONFIG_FILE", "/root/.terraformrc"),
        ("TF_GPU_ALLOCATOR", ""),
    ],
)
def test_variables_that_do_not_bite_are_left_alone(built, name, value):
    machine, _ = built
    assert variables.look(with_environ(machine, **{name: value})).problems == ()


def test_cuda_of_another_version_in_the_library_path_is_told(built, tmp_path):
    machine, site = built
    cuda(site)
    write(tmp_path / "cuda" / "libcudnn.so.8")
    machine = with_environ(machine, LD_LIBRARY_PATH=str(tmp_path / "cuda"))
    assert only(variables.look(machine)).diagnosis == "env.cudnn_version_mismatch"


def test_packages_of_another_environment_in_pythonpath_are_told(built, tmp_path):
    machine, site = built
    other = type(site)(tmp_path / "other" / "lib" / "python3.12" / "site-packages")
    other.add("numpy", "1.26.4")
    machine = with_environ(machine, PYTHONPATH=str(other.folder))
    machine = dataclasses.replace(machine, folders=(other.folder, *machine.folders))
    assert "before those of this environment" in only(variables.look(machine)).text


# ---- matplotlib


def test_windows_without_a_display_deserve_a_look(built):
    machine, _ = built
    problem = only(drawing.look(with_environ(machine, MPLBACKEND="TkAgg")))
    assert problem.state is State.WARNING
    assert problem.diagnosis == "viz.agg_cannot_show"
    assert problem.commands == ("export MPLBACKEND=agg",)


def test_a_backend_that_does_not_exist_is_wrong(built):
    machine, _ = built
    problem = only(drawing.look(with_environ(machine, MPLBACKEND="Qt4Agg")))
    assert "doesn't have" in problem.text
    problem = only(drawing.look(with_environ(machine, MPLBACKEND="module://matplotlib_inline.x")))
    assert "isn't installed" in problem.text


@pytest.mark.parametrize("value", ["agg", "Agg", "svg", "module://backend_interagg_pycharm"])
def test_a_backend_that_needs_no_display_is_fine(built, value):
    machine, _ = built
    assert drawing.look(with_environ(machine, MPLBACKEND=value)).problems == ()


def test_a_display_needs_a_toolkit(built):
    machine, site = built
    machine = with_environ(machine, DISPLAY=":0")
    assert only(drawing.look(machine)).diagnosis == "viz.agg_cannot_show"
    write(site.folder / "PyQt6" / "__init__.py")
    assert drawing.look(machine).summary == "3.11.2, windows by PyQt6"
    assert (
        only(drawing.look(with_environ(machine, MPLBACKEND="tkagg"))).diagnosis
        == "viz.tkinter_missing"
    )


def test_the_settings_file_of_matplotlib_is_read(built):
    machine, _ = built
    write(machine.cwd / "matplotlibrc", "# mine\nbackend : TkAgg  # window\n")
    assert "TkAgg" in only(drawing.look(machine)).text
    # The variable overrides the file.
    assert drawing.look(with_environ(machine, MPLBACKEND="agg")).problems == ()


def test_no_matplotlib_is_wrong(built):
    machine, site = built
    site.drop("matplotlib")
    assert only(drawing.look(machine)).commands == ("python -m pip install matplotlib",)
