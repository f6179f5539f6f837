"""--deep: TensorFlow started in a child, and what is said when it dies there."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
from machines import healthy, only, program, write

from tfviz.doctor.env import starting_child
from tfviz.doctor.env.checks import starting
from tfviz.doctor.env.machine import Machine
from tfviz.doctor.env.private import hidden, shown
from tfviz.doctor.env.result import State

IMPORTED = {
    "step": "imported",
    "version": "2.21.0",
    "seconds": 4.2,
    "file": "/x/tensorflow/__init__.py",
}
DEVICES = {"step": "devices", "keras": "3.15.1"}
LISTED = {"step": "listed", "devices": ["/device:CPU:0"], "build": {}}
CPU = {
    "step": "computed", "device": "/device:CPU:0", "ran_on": "", "convolution": 2e-7,
    "gradient": 1e-7, "seconds": 0.1,
}  # fmt: skip


@pytest.fixture
def machine(tmp_path):
    return healthy(tmp_path)[0]


def child(machine, *steps, end="exit 0", err=""):
    """A Python that says these steps and then ends so."""
    said = "\n".join(["noise of a library", *map(json.dumps, steps)])
    write(machine.cwd / "said", said + "\n"), write(machine.cwd / "err", err)
    program(machine, "python", f"/bin/cat said; /bin/cat err >&2; {end}")


def test_a_start_that_works_is_fine(machine):
    child(machine, {"step": "import"}, IMPORTED, DEVICES, LISTED, CPU, {"step": "end"})
    result = starting.look(machine)
    assert result.problems == ()
    assert result.summary == "starts in 4.2 s; convolution and gradient are right on CPU:0"


@pytest.mark.parametrize(
    ("last", "end", "words", "diagnosis"),
    [
        (
            {"step": "import"},
            "kill -ILL $$",
            "while TensorFlow was imported",
            "env.illegal_instruction",
        ),
        (
            {"step": "import"},
            "exit 132",
            "while TensorFlow was imported",
            "env.illegal_instruction",
        ),
        (DEVICES, "kill -KILL $$", "while the devices were started", "memory.killed"),
        (DEVICES, "exit 137", "while the devices were started", "memory.killed"),
        (
            {"step": "device", "device": "/device:GPU:0"},
            "kill -SEGV $$",
            "crashed (segmentation fault) while computing on GPU:0",
            "",
        ),
        ({"step": "keras"}, "kill -ABRT $$", "crashed (aborted) while `tf.keras` was imported", ""),
    ],
)
def test_a_native_death_is_told_with_what_it_was_doing(machine, last, end, words, diagnosis):
    child(machine, last, end=end)
    problem = only(starting.look(machine))
    assert problem.state is State.WRONG
    assert words in problem.text
    assert problem.diagnosis == diagnosis


def test_an_abort_of_cudnn_is_explained_by_the_catalogue(machine):
    err = "E external/xla/cuda_dnn.cc:371] could not create cudnn handle: CUDNN_STATUS_INTERNAL_ERROR\n"
    child(machine, {"step": "device", "device": "/device:GPU:0"}, end="kill -ABRT $$", err=err)
    assert only(starting.look(machine)).diagnosis == "env.cudnn_handle"


def test_an_error_at_the_import_is_explained_by_the_catalogue(machine):
    err = "Traceback (most recent call last):\n  File \"<string>\", line 1, in <module>\nModuleNotFoundError: No module named 'tensorflow'\n"
    child(machine, {"step": "import"}, end="exit 1", err=err)
    result = starting.look(machine)
    assert result.summary == "doesn't start"
    assert only(result).diagnosis == "env.tensorflow_missing"


def test_an_error_that_nobody_knows_keeps_its_last_words_from_the_report(machine):
    err = "Traceback (most recent call last):\nWeirdError: something in /home/ana\n"
    child(machine, {"step": "import"}, end="exit 1", err=err)
    text = only(starting.look(machine)).text
    assert "WeirdError" in shown(text)
    assert "ana" not in hidden(text)


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        ({"gradient": 1e-4}, True),
        ({"convolution": float("nan")}, True),
        ({"convolution": float("inf")}, True),
        ({"device": "/device:GPU:0", "gradient": 1e-3}, False),
        ({"device": "/device:GPU:0", "gradient": 1e-2}, True),
    ],
)
def test_wrong_numbers_are_told_by_the_devices_own_tolerance(machine, change, wrong):
    child(machine, IMPORTED, DEVICES, LISTED, {**CPU, **change}, {"step": "end"})
    result = starting.look(machine)
    assert (result.state is State.WRONG) == wrong
    if wrong:
        assert "computes a wrong" in only(result).text


def test_a_device_that_fails_is_told_and_the_others_are_right(machine):
    failed = {"step": "failed", "device": "/device:GPU:0", "error": "InternalError: ptxas fatal"}
    child(machine, IMPORTED, DEVICES, LISTED, CPU, failed, {"step": "end"})
    result = starting.look(machine)
    assert "GPU:0 fails" in only(result).text
    assert "right on CPU:0" in result.summary


def test_xla_that_fails_or_dies_is_told(machine):
    failed = {"step": "uncompiled", "device": "/device:GPU:0", "error": "InternalError: odd"}
    child(machine, IMPORTED, DEVICES, LISTED, CPU, failed, {"step": "end"})
    assert (
        "XLA, which Keras compiles with on GPUs, fails on GPU:0"
        in only(starting.look(machine)).text
    )
    child(machine, IMPORTED, CPU, {"step": "xla", "device": "/device:CPU:0"}, end="kill -ABRT $$")
    assert "(aborted) while XLA compiled for CPU:0" in only(starting.look(machine)).text


def test_a_gpu_that_the_driver_shows_and_tensorflow_does_not_is_told(machine):
    program(machine, "nvidia-smi", "echo 'Tesla T4, 550.54.15, 15360, 15000, 7.5'")
    child(machine, IMPORTED, DEVICES, LISTED, CPU, {"step": "end"})
    assert only(starting.look(machine)).diagnosis == "env.no_gpu_listed"
    err = (
        "W tensorflow/core/common_runtime/gpu/gpu_device.cc:1956] Cannot dlopen some GPU libraries. "
        "Please make sure the missing libraries mentioned above are installed properly. "
        "Skipping registering GPU devices...\n"
    )
    child(machine, IMPORTED, DEVICES, LISTED, CPU, {"step": "end"}, err=err)
    assert only(starting.look(machine)).diagnosis == "env.cuda_libs_missing"


def test_a_start_that_never_ends_is_ended(machine, monkeypatch):
    monkeypatch.setattr(starting, "SECONDS", 5.5)
    child(machine, {"step": "device", "device": "/device:GPU:0"}, end="/bin/sleep 60")
    problem = only(starting.look(machine))
    assert "was ended while computing on GPU:0" in problem.text
    assert problem.diagnosis == "env.gpu_too_new"


def test_an_interpreter_that_cannot_run_is_unknown(machine, tmp_path):
    machine = dataclasses.replace(machine, executable=tmp_path / "gone")
    assert starting.look(machine).state is State.UNKNOWN


# ---- the numbers it is held against


def test_the_reference_convolution_is_the_sum_of_products():
    rng = np.random.default_rng(1)
    inputs, kernel = rng.normal(size=(2, 4, 5, 3)), rng.normal(size=(3, 3, 3, 2))
    wanted = np.zeros((2, 4, 5, 2))
    for n, y, x, f in np.ndindex(wanted.shape):
        for dy, dx, c in np.ndindex(3, 3, 3):
            row, column = y + dy - 1, x + dx - 1
            if 0 <= row < 4 and 0 <= column < 5:
                wanted[n, y, x, f] += inputs[n, row, column, c] * kernel[dy, dx, c, f]
    np.testing.assert_allclose(starting_child.convolution(inputs, kernel), wanted, atol=1e-12)


def test_the_reference_gradient_is_the_finite_difference():
    rng = np.random.default_rng(2)
    inputs, weights = rng.normal(size=(2, 4, 5, 3)), rng.normal(size=(2, 4, 5, 2))
    kernel = rng.normal(size=(3, 3, 3, 2))
    got = starting_child.kernel_gradient(inputs, weights, 3)
    for at in [(0, 0, 0, 0), (1, 2, 2, 1), (2, 1, 0, 1)]:
        step = np.zeros_like(kernel)
        step[at] = 1e-3
        up, down = (
            (weights * starting_child.convolution(inputs, kernel + sign * step)).sum()
            for sign in (1, -1)
        )
        assert got[at] == pytest.approx((up - down) / 2e-3, rel=1e-9)


def test_an_error_is_measured_in_parts_of_the_largest_value():
    wanted = np.array([1.0, -4.0])
    assert starting_child.relative_error(wanted + np.array([0.4, 0.0]), wanted) == pytest.approx(
        0.1
    )
    assert starting_child.relative_error(np.array([np.nan, 1.0]), wanted) == np.inf


# ---- the real thing


@pytest.mark.slow
def test_tensorflow_starts_and_computes_here():
    result = starting.look(Machine.here())
    assert result.state is State.FINE, [shown(each.text) for each in result.problems]
    assert "CPU:0" in result.summary


@pytest.mark.slow
@pytest.mark.parametrize("name", ["keras.py", "random.py"])
def test_a_file_that_hides_a_module_is_found_as_the_cause(tmp_path, name):
    (tmp_path / name).write_text("x = 1\n")
    machine = dataclasses.replace(Machine.here(), cwd=tmp_path)
    problem = only(starting.look(machine))
    assert f"`{name}` in the current folder hides" in problem.text


def test_of_several_files_that_hide_a_module_the_one_in_the_error_is_named(machine):
    machine.cwd.mkdir(parents=True, exist_ok=True)
    for name in ("keras.py", "random.py"):
        (machine.cwd / name).write_text("x = 1\n")
    said = "ImportError: cannot import name 'Random' from 'random' (/w/random.py)"
    child(machine, {"step": "import"}, end="exit 1", err=said)
    assert "`random.py` in the current folder hides" in only(starting.look(machine)).text
    said = "ModuleNotFoundError: No module named 'keras.src'; 'keras' is not a package"
    child(machine, {"step": "import"}, end="exit 1", err=said)
    assert "`keras.py` in the current folder hides" in only(starting.look(machine)).text


@pytest.mark.slow
def test_a_backend_that_is_not_installed_is_found_as_the_cause():
    here = Machine.here()
    machine = dataclasses.replace(here, environ={**here.environ, "KERAS_BACKEND": "jax"})
    assert only(starting.look(machine)).diagnosis == "env.keras_backend_config"


@pytest.mark.slow
def test_a_flag_that_xla_dies_of_is_seen():
    here = Machine.here()
    environ = {**here.environ, "XLA_FLAGS": "--no_such_flag=1"}
    problem = only(starting.look(dataclasses.replace(here, environ=environ)))
    assert "while XLA compiled for CPU:0" in problem.text
