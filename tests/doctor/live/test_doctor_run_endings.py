"""What is said of an end: evidence of kills, dumps of crashes, codes of Windows, recursions."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tfviz.doctor.explain import explain_error
from tfviz.doctor.live import memory
from tfviz.doctor.live.crash import Crash, read_dump
from tfviz.doctor.live.memory import Kills, Limit
from tfviz.doctor.live.process import Ended
from tfviz.doctor.live.recursion import cycle, cycle_sentence, recursion_sentence
from tfviz.doctor.live.script import Outcome
from tfviz.doctor.live.verdict import WINDOWS, of_windows, say, signal_name, without_avx

GB = 10**9
KILLED = Ended(None, 9, 7 * GB)


def words(text: str) -> str:
    return " ".join(text.split())


def put(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


@pytest.fixture
def second_version(tmp_path: Path) -> Path:
    """A container with control groups v2: its own group, inside one with a smaller limit."""
    return put(
        tmp_path,
        {
            "proc/self/cgroup": "0::/jobs/17\n",
            "proc/meminfo": "MemTotal:       64000000 kB\nMemFree: 1 kB\n",
            "proc/vmstat": "pgfault 3\noom_kill 5\n",
            "sys/fs/cgroup/jobs/17/memory.events": "low 0\noom 2\noom_kill 1\noom_group_kill 0\n",
            "sys/fs/cgroup/jobs/17/memory.max": "max\n",
            "sys/fs/cgroup/jobs/memory.max": "8000000000\n",
        },
    )


def test_kills_of_the_group_and_of_the_machine_are_counted(second_version: Path) -> None:
    assert memory.kills(second_version) == Kills(group=1, system=5)


def test_limit_of_an_outer_group_holds_inside(second_version: Path) -> None:
    assert memory.limit(second_version) == Limit(8 * GB, "this container or job")


def test_first_version_of_control_groups_is_read_from_its_mount(tmp_path: Path) -> None:
    put(
        tmp_path,
        {
            "proc/self/cgroup": "5:cpu,cpuacct:/x\n4:memory:/docker/abc\n0::/\n",
            "proc/meminfo": "MemTotal: 1000000 kB\n",
            "sys/fs/cgroup/memory/memory.oom_control": "oom_kill_disable 0\noom_kill 3\n",
            "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
        },
    )
    assert memory.kills(tmp_path) == Kills(group=3, system=None)
    assert memory.limit(tmp_path) == Limit(1_024_000_000, "this machine")


def test_machine_that_tells_nothing_gives_no_evidence(tmp_path: Path) -> None:
    nothing = memory.kills(tmp_path)
    assert nothing == Kills(None, None)
    assert memory.limit(tmp_path) is None
    assert memory.evidence(nothing, nothing, 7 * GB, None) == ""


@pytest.mark.parametrize(
    ("before", "after", "peak", "says"),
    [
        (Kills(1, 5), Kills(2, 6), 3 * GB, "a kill for want of memory in this container or job"),
        (Kills(None, 5), Kills(None, 6), 3 * GB, "a kill for want of memory on this machine"),
        (Kills(1, 5), Kills(1, 5), 7 * GB, "it held 7.0 GB at its peak, of 8.0 GB in"),
        (Kills(1, 5), Kills(1, 5), 6 * GB, ""),
        (Kills(1, 5), Kills(1, 5), None, ""),
    ],
    ids=["group", "machine", "near the limit", "far from it", "unknown peak"],
)
def test_evidence_is_a_counted_kill_or_a_peak_near_the_limit(before, after, peak, says) -> None:
    told = memory.evidence(before, after, peak, Limit(8 * GB, "this container or job"))
    assert says in told
    assert bool(told) == bool(says)


def test_kill_with_evidence_is_explained_as_want_of_memory() -> None:
    said = say(Outcome(("python",), KILLED, evidence="it held 7.0 GB of 8.0 GB."))
    assert "Killed, most likely for memory: it held 7.0 GB of 8.0 GB." in words(said)
    assert "[memory.killed, " in said


@pytest.mark.parametrize("name", ["SIGINT", "SIGHUP", "SIGPIPE"])
def test_signals_whose_sender_knows_are_not_explained(name: str) -> None:
    assert say(Outcome(("python",), Ended(None, signal.Signals[name]))) == ""


def test_signal_that_was_passed_on_is_not_explained() -> None:
    assert say(Outcome(("python",), Ended(None, 15, passed_on=frozenset({15})))) == ""
    assert "SIGTERM ended the process" in say(Outcome(("python",), Ended(None, 15)))


def test_signal_without_a_name_is_called_by_its_number() -> None:
    assert signal_name(signal.SIGSEGV) == "SIGSEGV"
    assert signal_name(250) == "signal 250"


DUMP = """Fatal Python error: Segmentation fault

Thread 0x00007f1 (most recent call first):
  File "/usr/lib/python3.11/threading.py", line 327 in wait
  File "/home/a/load.py", line 8 in feed

Current thread 0x00007f2 (most recent call first):
  File "/v/lib/python3.11/site-packages/cv2/gapi/__init__.py", line 3 in run
  File "/home/a/train.py", line 31 in step
  File "/home/a/train.py", line 90 in <module>

Extension modules: numpy._core._multiarray_umath, cv2 (total: 2)
"""


def test_dump_is_read_outermost_first_from_the_thread_that_crashed() -> None:
    crash = read_dump(DUMP)
    assert [each.line for each in crash.frames] == [90, 31, 3]
    assert crash.own_frame is not None
    assert (crash.own_frame.file, crash.own_frame.line) == ("/home/a/train.py", 31)
    assert (crash.what, crash.in_python) == ("Segmentation fault", True)
    assert crash.modules == ("numpy._core._multiarray_umath", "cv2")


def test_crash_in_a_thread_without_python_tells_the_main_thread() -> None:
    text = (
        "Fatal Python error: Aborted\n\nThread 0x1 (most recent call first):\n"
        '  File "/a/worker.py", line 5 in pull\n\nThread 0x2 (most recent call first):\n'
        '  File "/a/train.py", line 9 in fit\n  File "/a/train.py", line 12 in <module>\n'
    )
    crash = read_dump(text)
    assert not crash.in_python
    assert [each.line for each in crash.frames] == [12, 9]
    said = say(Outcome(("python",), Ended(None, signal.SIGABRT), crash=crash))
    assert "It ran no Python; the main thread meanwhile: /a/train.py, line 9, in fit" in said


def test_letters_that_the_dump_escapes_are_read() -> None:
    text = (
        "Fatal Python error: Aborted\n\nCurrent thread 0x1 (most recent call first):\n"
        '  File "/h/K\\xf6ln \\u4e2d \\U0001f600/a\\xdir.py", line 9 in \\xfcben\n'
    )
    (frame,) = read_dump(text).frames
    # Only what isn't ASCII is escaped: `\xdi` is a folder's name.
    assert (frame.file, frame.function) == ("/h/Köln 中 \U0001f600/a\\xdir.py", "üben")


def test_dump_that_breaks_off_is_read_as_far_as_it_goes() -> None:
    for end in range(len(DUMP)):
        crash = read_dump(DUMP[:end])
        assert len(crash.frames) <= 3


def test_last_of_several_dumps_counts() -> None:
    assert read_dump(DUMP + DUMP.replace("line 31", "line 32")).frames[1].line == 32


def test_nothing_written_is_no_crash() -> None:
    assert read_dump("") == Crash()


def test_illegal_instruction_asks_the_processor_whether_it_has_avx(tmp_path: Path) -> None:
    answer = explain_error("Illegal instruction (core dumped)")
    cpu = tmp_path / "cpuinfo"
    cpu.write_text("processor : 0\nflags\t\t: fpu sse4_2 ht\n")
    assert "Here: this processor's list of abilities holds no AVX." in words(
        without_avx(answer, cpu)
    )
    cpu.write_text("processor : 0\nflags\t\t: fpu sse4_2 avx ht\n")
    assert words(without_avx(answer, cpu)).startswith("This processor has AVX")
    assert "env.illegal_instruction" in without_avx(answer, tmp_path / "none")


@pytest.mark.parametrize(
    ("code", "says"),
    [
        (0xC0000005, "SIGSEGV, 0xC0000005"),
        (0xC000001D, "an instruction that this processor doesn't have"),
        (0xC00000FD, "The stack is full: a recursion went too deep."),
        (0xC0000409, "gave up by itself"),
        (0xC0000135, "Windows did not find a library (DLL)"),
    ],
)
def test_exit_codes_of_windows_are_told_in_words(code: int, says: str) -> None:
    assert says in words("\n".join(of_windows(code, Crash())))


def test_every_exit_code_of_windows_has_words() -> None:
    assert all(of_windows(code, Crash()) for code in WINDOWS)


def test_cycle_is_found_behind_what_its_last_round_called() -> None:
    main, a, b = ("m.py", 1, "<module>"), ("m.py", 3, "a"), ("m.py", 5, "b")
    tail = [("json.py", 1, "dumps"), ("json.py", 2, "encode")]
    assert cycle([main, *[a, b] * 9, a, *tail]) == (2, 2, 9)
    assert cycle([main, a, b, *tail]) == (0, 0, 0)


def test_recursion_that_branches_is_named_by_its_function() -> None:
    stack = [("t.py", 4 + (i * i % 7) % 2 + (i % 3 == 0), "walk") for i in range(200)]
    said = cycle_sentence([("t.py", 9, "<module>"), *stack])
    assert said.startswith("walk (t.py")


def test_only_a_recursion_has_calls_that_repeat() -> None:
    def deep(n: int) -> int:
        return deep(n + 1)

    with pytest.raises(RecursionError) as caught:
        deep(0)
    assert "deep (test_doctor_run_endings.py, line " in recursion_sentence(caught.value)
    assert recursion_sentence(ValueError("deep")) == ""
