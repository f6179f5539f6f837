"""Ctrl-C finishes the step and leaves with 130; nothing of ours stays behind in the process."""

import os
import signal
import subprocess
import sys
import threading

import pytest

from tfviz.train.interrupt import interruptible

pytestmark = [
    pytest.mark.skipif(os.name == "nt", reason="signals of Unix"),
    pytest.mark.usefixtures("heeds_ctrl_c"),
]


def handlers():
    return signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)


def test_the_first_ctrl_c_only_asks(capsys):
    with interruptible() as interrupt:
        assert not interrupt.asked
        signal.raise_signal(signal.SIGINT)
        assert interrupt.asked
    said = capsys.readouterr().err
    assert "Ctrl-C: finishing the step, then saving. Ctrl-C again leaves at once." in said


def test_the_second_ctrl_c_leaves_at_once():
    with interruptible():
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


def test_handlers_are_put_back_also_after_an_error():
    before, inside = handlers(), []

    def fail():
        with interruptible():
            inside.extend(handlers())
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert not set(inside) & set(before)
    assert handlers() == before


def test_a_handler_of_the_program_stays(capsys):
    heard = []
    own = signal.signal(signal.SIGINT, lambda *_: heard.append(1))
    try:
        with interruptible() as interrupt:
            signal.raise_signal(signal.SIGINT)
            assert not interrupt.asked
    finally:
        signal.signal(signal.SIGINT, own)
    assert heard == [1]
    assert capsys.readouterr().err == ""


def test_sigterm_is_answered_only_by_a_block_that_saves():
    with interruptible(saves=False):
        assert handlers()[1] == signal.SIG_DFL
    with interruptible() as interrupt:
        signal.raise_signal(signal.SIGTERM)
        assert interrupt.asked
        with pytest.raises(SystemExit) as caught:
            interrupt.leave()
    assert caught.value.code == 143


def test_a_block_inside_a_block_is_the_same_one():
    with interruptible() as outer:
        with interruptible() as inner:
            signal.raise_signal(signal.SIGINT)
        assert inner is outer
        assert outer.asked


def test_in_another_thread_nothing_changes():
    before, seen = handlers(), []

    def work():
        with interruptible() as interrupt:
            seen.append((handlers(), interrupt.asked))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [(before, False)]


def test_leaving_is_a_keyboard_interrupt_that_a_program_may_catch():
    with pytest.raises(KeyboardInterrupt, match="saved in run1") as caught, interruptible() as i:
        i.leave("saved in run1")
    assert caught.value.code == 130


def test_at_a_prompt_leaving_is_an_ordinary_keyboard_interrupt(monkeypatch):
    monkeypatch.setattr(sys, "ps1", ">>> ", raising=False)
    with pytest.raises(KeyboardInterrupt) as caught, interruptible() as interrupt:
        interrupt.leave("saved")
    assert not isinstance(caught.value, SystemExit)


SCRIPT = """
import signal
from tfviz.train.interrupt import interruptible
with interruptible() as interrupt:
    signal.raise_signal(signal.{name})
    print("the step is finished")
    interrupt.leave("saved")
"""


@pytest.mark.parametrize(("name", "code"), [("SIGINT", 130), ("SIGTERM", 143)])
def test_a_script_ends_with_the_code_of_its_signal_and_no_traceback(name, code):
    said = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(name=name)], capture_output=True, text=True
    )
    assert said.returncode == code
    assert said.stdout == "the step is finished\n"
    assert "Traceback" not in said.stderr
