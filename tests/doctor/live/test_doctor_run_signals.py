"""`tfviz doctor run` and signals: what the terminal and others send, crashes, kills."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tfviz.doctor.live.ending import HEADLINE

if os.name == "nt":
    pytest.skip("signals of POSIX", allow_module_level=True)
import pty

WATCHED = [sys.executable, "-P", "-m", "tfviz_cli", "doctor", "run"]
SLEEPER = "import os, time\nprint(os.getpid(), flush=True)\ntime.sleep(60)\n"


def crash(folder: Path, code: str) -> tuple[int, str]:
    """Run a script that dies; its end as a shell sees it, and what we said."""
    (folder / "s.py").write_text(code)
    done = subprocess.run(
        [*WATCHED, "s.py"], cwd=folder, capture_output=True, text=True, timeout=60
    )
    return done.returncode, done.stderr.partition(HEADLINE)[2].strip()


@pytest.fixture
def sleeper(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A script that sleeps: our process, and the script's number."""
    (tmp_path / "s.py").write_text(SLEEPER)
    process = subprocess.Popen(
        [*WATCHED, "s.py"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    assert process.stdout is not None
    child = int(process.stdout.readline())
    yield process, child
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def _lives(number: int) -> bool:
    try:
        state = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in "ZX"


def test_native_crash_names_the_line_and_dies_of_the_same_signal(tmp_path: Path) -> None:
    code, said = crash(tmp_path, "import ctypes\ndef read():\n    ctypes.string_at(0)\nread()\n")
    assert code == -signal.SIGSEGV
    assert said.startswith("The process crashed in native code (SIGSEGV, segmentation fault)")
    assert "Last seen: s.py, line 3, in read\n    ctypes.string_at(0)\n  in it " in said


def test_abort_points_to_what_was_printed_above(tmp_path: Path) -> None:
    code, said = crash(tmp_path, "import os\nos.abort()\n")
    assert code == -signal.SIGABRT
    assert "Last seen: s.py, line 2" in said
    assert "`tfviz doctor explain` reads them" in " ".join(said.split())


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="Python guards the C stack since 3.12")
def test_stack_that_is_full_is_a_recursion_not_a_riddle(tmp_path: Path) -> None:
    code, said = crash(
        tmp_path,
        "import sys\nsys.setrecursionlimit(10**8)\ndef f(n):\n    return sorted([n], key=f)\nf(1)\n",
    )
    assert code == -signal.SIGSEGV
    assert "f (s.py, line 4) calls itself without end: at least " in " ".join(said.split())


def test_crash_of_a_forked_worker_is_told_beside_the_error_that_surfaces(tmp_path: Path) -> None:
    code, said = crash(
        tmp_path,
        "import concurrent.futures, ctypes, multiprocessing\n"
        "def work(i):\n    ctypes.string_at(0)\n"
        "fork = multiprocessing.get_context('fork')\n"
        "with concurrent.futures.ProcessPoolExecutor(1, mp_context=fork) as pool:\n"
        "    list(pool.map(work, [1]))\n",
    )
    assert code == 1
    assert "A worker process crashed in native code (segmentation fault)." in said
    assert "Last seen: s.py, line 3, in work" in said


def test_faulthandler_of_the_scripts_own_stays_its_own(tmp_path: Path) -> None:
    (tmp_path / "s.py").write_text(
        "import ctypes, faulthandler\nfaulthandler.enable()\nctypes.string_at(0)\n"
    )
    done = subprocess.run([*WATCHED, "s.py"], cwd=tmp_path, capture_output=True, text=True)
    assert done.stderr.startswith("Fatal Python error: Segmentation fault")


def test_kill_without_evidence_is_not_called_want_of_memory(tmp_path: Path) -> None:
    code, said = crash(tmp_path, "import os\nos.kill(os.getpid(), 9)\n")
    assert code == -signal.SIGKILL
    assert "nothing shows that it was for memory. It held " in " ".join(said.split())
    assert "[memory.killed" not in said


def test_limit_of_processor_time_is_named(tmp_path: Path) -> None:
    code, said = crash(tmp_path, "import os, signal\nos.kill(os.getpid(), signal.SIGXCPU)\n")
    assert code == -signal.SIGXCPU
    assert said.startswith("SIGXCPU ended the process: it used up the processor time")


def test_interrupt_that_python_raises_is_nothing_to_explain(tmp_path: Path) -> None:
    assert crash(tmp_path, "raise KeyboardInterrupt\n") == (-signal.SIGINT, "")


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT", "SIGHUP", "SIGUSR1"])
def test_signal_that_somebody_sends_us_reaches_the_script_and_nothing_is_said(
    sleeper, name: str
) -> None:
    process, child = sleeper
    process.send_signal(signal.Signals[name])
    _, err = process.communicate(timeout=30)
    assert process.returncode == -signal.Signals[name]
    assert not _lives(child)
    assert HEADLINE not in err


def test_signal_is_handled_as_the_script_wants(tmp_path: Path) -> None:
    (tmp_path / "s.py").write_text(
        "import signal, sys, time\nsignal.signal(signal.SIGTERM, lambda *_: sys.exit(5))\n"
        "print('ready', flush=True)\ntime.sleep(60)\n"
    )
    process = subprocess.Popen(
        [*WATCHED, "s.py"], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    process.stdout.readline()
    process.terminate()
    _, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (5, "")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells the child")
def test_script_does_not_outlive_us_when_we_are_killed(sleeper) -> None:
    process, child = sleeper
    process.kill()
    process.wait(timeout=30)
    end = time.monotonic() + 10
    while _lives(child) and time.monotonic() < end:
        time.sleep(0.01)
    assert not _lives(child)


def test_ignored_interrupts_stay_ignored(tmp_path: Path) -> None:
    (tmp_path / "s.py").write_text("import signal; print(signal.getsignal(signal.SIGINT))")
    done = subprocess.run(
        [*WATCHED, "s.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN),
    )
    assert done.stdout == "1\n" or "SIG_IGN" in done.stdout


class Terminal:
    """A script in a terminal of its own."""

    def __init__(self, folder: Path, code: str) -> None:
        (folder / "s.py").write_text(code)
        self.number, self._end = pty.fork()
        if self.number == 0:
            signal.signal(signal.SIGINT, signal.default_int_handler)
            os.chdir(folder)
            os.execv(WATCHED[0], [*WATCHED, "s.py"])
        self.shown = ""

    def type(self, keys: bytes) -> None:
        os.write(self._end, keys)

    def read(self, until: str = "\0") -> None:
        """Read until a text is shown, or the end."""
        end = time.monotonic() + 30
        while until not in self.shown and time.monotonic() < end:
            if select.select([self._end], [], [], 0.1)[0]:
                try:
                    self.shown += os.read(self._end, 4096).decode()
                except OSError:
                    return

    def code(self) -> int:
        self.read()
        os.close(self._end)
        return os.waitstatus_to_exitcode(os.waitpid(self.number, 0)[1])


def test_ctrl_c_reaches_the_script_once_and_python_alone_answers(tmp_path: Path) -> None:
    terminal = Terminal(tmp_path, "import time\nprint('go')\ntime.sleep(60)\n")
    terminal.read("go")
    terminal.type(b"\x03")
    assert terminal.code() == -signal.SIGINT
    assert terminal.shown.count("KeyboardInterrupt") == 1
    assert HEADLINE not in terminal.shown


def test_ctrl_c_that_the_script_catches_does_not_end_us(tmp_path: Path) -> None:
    terminal = Terminal(
        tmp_path,
        "import time\ntry:\n    print('go')\n    time.sleep(60)\nexcept KeyboardInterrupt:\n"
        "    print('saved')\nprint('done')\n",
    )
    terminal.read("go")
    terminal.type(b"\x03")
    assert terminal.code() == 0
    assert "saved\r\ndone" in terminal.shown


def test_terminal_is_the_scripts_own(tmp_path: Path) -> None:
    terminal = Terminal(
        tmp_path, "import sys\nprint(*(s.isatty() for s in (sys.stdin, sys.stdout, sys.stderr)))\n"
        "print('hello', input('name? '))\n"
    )  # fmt: skip
    terminal.read("name?")
    terminal.type(b"ada\n")
    assert terminal.code() == 0
    assert "True True True" in terminal.shown
    assert "hello ada" in terminal.shown
