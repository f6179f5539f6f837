"""`tfviz doctor run` where standard error is closed, replaced or read by nobody."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tfviz.doctor.live.ending import HEADLINE
from tfviz.doctor.live.process import Ended
from tfviz.doctor.live.script import Outcome
from tfviz.doctor.live.verdict import say

RUN = [sys.executable, "-m", "tfviz_cli", "doctor", "run"]


def ran(folder: Path, code: str) -> subprocess.CompletedProcess[str]:
    (folder / "s.py").write_text(code, encoding="utf-8")
    return subprocess.run([*RUN, "s.py"], cwd=folder, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize(
    "code",
    [
        "import sys\nsys.stderr.close()\n[][1]\n",
        "import os\nos.close(2)\n[][1]\n",
        "import io, sys\nsys.stderr = io.StringIO()\n[][1]\n",
        "import sys\nsys.stderr = sys.__stderr__ = None\n[][1]\n",
    ],
    ids=["closed", "descriptor closed", "in memory", "none"],
)
def test_scene_is_told_where_the_script_has_no_standard_error(tmp_path: Path, code: str) -> None:
    done = ran(tmp_path, code)
    assert done.stderr.count(HEADLINE) == 1
    assert "s.py, line 3\n    [][1]" in done.stderr
    assert done.returncode == 1


def test_stream_of_the_scripts_own_without_a_flush_gets_it_once(tmp_path: Path) -> None:
    code = (
        "import sys\nclass Plain:\n    def write(self, text): sys.__stdout__.write(text)\n"
        "sys.stderr = Plain()\n[][1]\n"
    )
    done = ran(tmp_path, code)
    assert done.stdout.count("s.py, line 5\n    [][1]") == 1
    assert HEADLINE not in done.stderr


def test_what_has_no_scene_and_no_cause_is_not_commented() -> None:
    text = "Traceback (most recent call last):\nmine.OddError: of its own"
    assert say(Outcome(("python",), Ended(1), unexamined=(text,))) == ""


@pytest.mark.skipif(sys.platform == "win32", reason="a pipe of POSIX")
def test_reader_of_standard_error_that_has_gone_keeps_the_signal(tmp_path: Path) -> None:
    (tmp_path / "s.py").write_text("import os\nos.kill(os.getpid(), 15)\n")
    process = subprocess.Popen([*RUN, "s.py"], cwd=tmp_path, stderr=subprocess.PIPE)
    assert process.stderr is not None
    process.stderr.close()
    assert process.wait(60) == -15


@pytest.mark.skipif(sys.platform == "win32", reason="a signal of POSIX")
def test_crash_under_a_path_with_umlauts_shows_its_line(tmp_path: Path) -> None:
    folder = tmp_path / "Köln 中 \U0001f600"
    folder.mkdir()
    done = ran(folder, "import os\nos.abort()\n")
    assert "Last seen: s.py, line 2\n    os.abort()" in done.stderr


def test_deep_recursion_costs_no_seconds_of_ours(tmp_path: Path) -> None:
    # 'begun' holds the text for the parent: the inner end of it.
    from tfviz.doctor.live.start.sitecustomize import _MOST_FRAMES, _text

    def even(n: int) -> int:
        return odd(n - 1) if n else 1 // 0

    def odd(n: int) -> int:
        return even(n - 1)

    try:
        even(900)
    except ZeroDivisionError as error:
        text = _text(error)
    assert text.count("File ") <= _MOST_FRAMES
    assert text.endswith("ZeroDivisionError: integer division or modulo by zero\n")
