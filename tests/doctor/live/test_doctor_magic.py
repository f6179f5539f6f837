"""`%load_ext tfviz` and `%doctor`, in IPython's shell and in a real kernel."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

pytest.importorskip("IPython", reason="needs the extra tfviz[notebook]")

EXTENSION = "tfviz"
FAILING = ("import numpy as np", "def add(a, b):\n    return a + b", "add(np.ones(3), np.ones(4))")


@pytest.fixture
def shell() -> Callable[..., list[str]]:
    """Cells in a shell of IPython's own: what each printed, without what IPython shows of errors."""

    def call(*cells: str) -> list[str]:
        code = (
            "import contextlib, io, json, sys\n"
            "from IPython.core.interactiveshell import InteractiveShell\n"
            "shell = InteractiveShell.instance(colors='NoColor')\n"
            f"cells = {list(cells)!r}\nsaid = []\n"
            "for cell in cells:\n"
            "    with contextlib.redirect_stdout(io.StringIO()) as out:\n"
            "        shell.run_cell(cell, store_history=True)\n"
            "    said.append(out.getvalue())\n"
            "print(json.dumps(said))\n"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        return json.loads(done.stdout)

    return call


def test_doctor_shows_the_values_and_the_cause_of_the_last_error(shell) -> None:
    said = shell(f"%load_ext {EXTENSION}", *FAILING, "%doctor")[-1]
    assert "Cell In[3], line 2, in add\n    return a + b" in said
    assert "b  ndarray (4,) float64" in said
    assert "[numpy.broadcast, " in said


def test_doctor_says_so_when_there_was_no_error(shell) -> None:
    assert shell(f"%load_ext {EXTENSION}", "%doctor")[-1] == "There was no error so far.\n"


def test_loading_the_extension_explains_nothing_unasked(shell) -> None:
    assert "numpy.broadcast" not in "".join(shell(f"%load_ext {EXTENSION}", *FAILING))


@pytest.mark.parametrize("mode", ["Context", "Minimal"])
def test_doctor_on_follows_each_error_in_every_mode_of_traceback(shell, mode: str) -> None:
    said = shell(f"%load_ext {EXTENSION}", f"%xmode {mode}", "%doctor on", *FAILING, FAILING[2])
    for each in said[-2:]:
        assert each.index("operands could not be broadcast") < each.index("[numpy.broadcast, ")


def test_doctor_on_twice_explains_once_and_off_not_at_all(shell) -> None:
    said = shell(
        f"%load_ext {EXTENSION}", "%doctor on", "%doctor on", *FAILING, "%doctor off", FAILING[2]
    )
    assert said[-3].count("[numpy.broadcast, ") == 1
    assert "[numpy.broadcast, " not in said[-1]


def test_interrupts_and_exits_are_not_explained(shell) -> None:
    said = shell(f"%load_ext {EXTENSION}", "%doctor on", "raise KeyboardInterrupt")
    assert "diagnosis" not in said[-1]


def test_code_that_does_not_compile_is_the_last_error_as_well(shell) -> None:
    said = shell(f"%load_ext {EXTENSION}", "print 'loss'", "%doctor")[-1]
    assert "[python.print_statement, " in said


def test_unloading_takes_everything_back(shell) -> None:
    said = shell(
        f"%load_ext {EXTENSION}", "%doctor on", f"%unload_ext {EXTENSION}", *FAILING, "%doctor",
        "print('doctor' in get_ipython().magics_manager.magics['line'],"
        " hasattr(get_ipython(), 'tfviz_doctor'))",
    )  # fmt: skip
    assert "numpy.broadcast" not in "".join(said)
    assert said[-1] == "False False\n"


def test_unknown_word_is_answered_with_the_usage(shell) -> None:
    assert "`%doctor on` each as it comes" in shell(f"%load_ext {EXTENSION}", "%doctor now")[-1]


@pytest.fixture(scope="module")
def kernel() -> Iterator[Any]:
    manager = pytest.importorskip("jupyter_client.manager", reason="needs tfviz[notebook]")
    pytest.importorskip("ipykernel", reason="needs tfviz[notebook]")
    running, client = manager.start_new_kernel(kernel_name="python3")
    yield client
    client.stop_channels()
    running.shutdown_kernel(now=True)


def messages(kernel: Any, code: str) -> list[tuple[str, Any]]:
    """Run a cell; its messages as (type, content), in order."""
    seen: list[tuple[str, Any]] = []
    kernel.execute_interactive(
        code, output_hook=lambda each: seen.append((each["msg_type"], each["content"])), timeout=60
    )
    return seen


def printed(kernel: Any, code: str) -> str:
    """What a cell printed to standard output."""
    return "".join(
        content["text"]
        for kind, content in messages(kernel, code)
        if kind == "stream" and content["name"] == "stdout"
    )


@pytest.mark.slow
def test_doctor_in_a_real_kernel_names_cells_and_values(kernel) -> None:
    messages(kernel, f"%load_ext {EXTENSION}")
    for cell in FAILING:
        messages(kernel, cell)
    said = printed(kernel, "%doctor")
    assert "line 2, in add\n    return a + b" in said
    assert said.startswith("Cell In[")
    assert "[numpy.broadcast, " in said


@pytest.mark.slow
def test_doctor_on_in_a_real_kernel_follows_the_error_message(kernel) -> None:
    messages(kernel, f"%reload_ext {EXTENSION}")
    messages(kernel, "%doctor on")
    seen = messages(kernel, "[1, 2][5]")
    kinds = [kind for kind, _ in seen]
    assert kinds.index("error") < kinds.index("stream")
    assert printed(kernel, "%doctor off").startswith("Errors are explained when you ask")
    assert printed(kernel, "[1, 2][5]") == ""


@pytest.mark.slow
def test_examining_keeps_no_object_of_the_users_alive(kernel) -> None:
    messages(kernel, f"%reload_ext {EXTENSION}")
    messages(
        kernel,
        "import gc, weakref\nclass Big: pass\ndef fail():\n    big = Big()\n    kept.append(weakref.ref(big))\n    return big + 1\nkept = []",
    )
    messages(kernel, "fail()")
    printed(kernel, "%doctor")
    # IPython itself keeps the last traceback, until the next error takes its place.
    messages(kernel, "1 / 0")
    messages(kernel, "import sys; sys.last_traceback = sys.last_value = sys.last_exc = None")
    assert printed(kernel, "gc.collect(); print(kept[0]() is None)") == "True\n"
