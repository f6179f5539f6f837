"""`tfviz doctor run NOTEBOOK.ipynb`: executed in a real kernel, examined where it fails."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tfviz.doctor.live.ending import HEADLINE

nbformat = pytest.importorskip("nbformat", reason="needs the extra tfviz[notebook]")
pytest.importorskip("nbclient", reason="needs the extra tfviz[notebook]")
pytest.importorskip("ipykernel", reason="needs the extra tfviz[notebook]")

WATCHED = [sys.executable, "-P", "-m", "tfviz_cli", "doctor", "run"]


@pytest.fixture
def notebook(tmp_path: Path) -> Callable[..., Path]:
    """A notebook of these cells, in a folder of its own."""

    def write(*cells: str, **metadata: object) -> Path:
        made = [nbformat.v4.new_markdown_cell("# A study")]
        made += [nbformat.v4.new_code_cell(each) for each in cells]
        path = tmp_path / "notes" / "study.ipynb"
        path.parent.mkdir()
        nbformat.write(nbformat.v4.new_notebook(cells=made, metadata=metadata), path)
        return path

    return write


def run(path: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run it from the folder above its own."""
    return subprocess.run(
        [*WATCHED, *options, str(path)],
        cwd=path.parents[1],
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_notebook_that_runs_well_prints_its_own_words_only(notebook) -> None:
    path = notebook("print('one')", "import os\nprint(os.path.basename(os.getcwd()))\n1 + 1")
    before = path.read_bytes()
    done = run(path)
    assert (done.stdout, done.stderr, done.returncode) == ("one\nnotes\n", "", 0)
    assert path.read_bytes() == before
    assert [each.name for each in path.parent.iterdir()] == ["study.ipynb"]


def test_failing_cell_is_numbered_and_its_line_examined(notebook) -> None:
    path = notebook(
        "import numpy as np\ndef add(a, b):\n    return a + b",
        "x = np.ones((3, 2))\nprint('before')\nadd(x, np.zeros(4))",
        "print('never')",
    )
    done = run(path, "--json", "out.json", "-o", "done.ipynb")
    shown, _, said = done.stderr.partition(HEADLINE)
    assert (done.stdout, done.returncode) == ("before\n", 1)
    assert "ValueError: operands could not be broadcast together" in shown
    assert "\x1b" not in shown
    assert said.startswith("\nCell [2] failed.\n")
    assert "Cell In[1], line 3, in add\n    return a + b" in said
    assert "b  ndarray (4,) float64" in said
    assert "[numpy.broadcast, " in said
    told = json.loads((path.parents[1] / "out.json").read_text())
    assert (told["cell"], told["errors"][0]["scene"]["line"]) == (2, 3)
    saved = nbformat.read(path.parents[1] / "done.ipynb", as_version=4)
    assert saved.cells[2].outputs[-1].ename == "ValueError"


@pytest.mark.slow
def test_kernel_that_cannot_examine_is_read_from_its_traceback(notebook) -> None:
    path = notebook(
        "import sys\nsys.modules['tfviz'] = None", "import numpy as np\nnp.ones(3) + np.ones(4)"
    )
    done = run(path)
    assert "Cell [2] failed." in done.stderr
    assert "[numpy.broadcast, " in done.stderr


@pytest.mark.slow
def test_cell_that_may_raise_is_no_failure(notebook) -> None:
    path = notebook("1 / 0", "print('on')")
    made = nbformat.read(path, as_version=4)
    made.cells[1].metadata["tags"] = ["raises-exception"]
    nbformat.write(made, path)
    done = run(path)
    assert (done.stdout, done.stderr, done.returncode) == ("on\n", "", 0)


@pytest.mark.slow
def test_kernel_that_crashes_is_told_with_its_cell_and_line(notebook) -> None:
    done = run(notebook("import ctypes\ndef read():\n    ctypes.string_at(0)", "print(1)\nread()"))
    said = done.stderr.partition(HEADLINE)[2]
    assert done.returncode == 1
    assert "The kernel died in cell [2], which begins\n    print(1)" in said
    if os.name != "nt":
        assert "(SIGSEGV, segmentation fault)" in said
    assert "Last seen: Cell In[1], line 3, in read\n    ctypes.string_at(0)" in said


@pytest.mark.slow
def test_kernel_of_another_machine_gives_way_to_this_python(notebook) -> None:
    kernel = {"name": "my_env", "language": "python", "display_name": "x"}
    done = run(notebook("print('ran')", kernelspec=kernel))
    assert (done.stdout, done.returncode) == ("ran\n", 0)
    assert done.stderr == f"The kernel 'my_env' isn't here: {sys.executable} runs the notebook.\n"


@pytest.mark.slow
def test_notebook_of_another_language_is_refused(notebook) -> None:
    kernel = {"name": "ir", "language": "R", "display_name": "R"}
    done = run(notebook("x <- 1", kernelspec=kernel))
    assert done.returncode == 2
    assert "kernel 'ir' (R), which isn't installed here" in done.stderr


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_ctrl_c_interrupts_the_cell_and_explains_nothing(notebook) -> None:
    path = notebook("import time\nprint('go')\ntime.sleep(60)")
    process = subprocess.Popen(
        [*WATCHED, str(path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    assert process.stdout is not None
    process.stdout.readline()
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "KeyboardInterrupt" in err
    assert HEADLINE not in err


@pytest.mark.parametrize(
    ("text", "says"), [("{", "no notebook that can be read"), (None, "no notebook '")]
)
def test_file_that_is_no_notebook_is_one_sentence(tmp_path: Path, text, says: str) -> None:
    path = tmp_path / "in" / "study.ipynb"
    path.parent.mkdir()
    if text is not None:
        path.write_text(text)
    done = run(path)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert says in done.stderr
