"""Ctrl-C while training: the step is finished, everything saved, and the process leaves with 130.

A cluster that wants its machine back sends SIGTERM some seconds before it kills: that is answered
in the same way, with 143.
"""

from __future__ import annotations

import builtins
import contextlib
import signal
import sys
import threading
from collections.abc import Iterator
from types import FrameType
from typing import Any, NoReturn

# What a shell shows for a process that a signal ended.
OFFSET = 128


class Interrupt:
    """Whether somebody wants training to stop.

    Attributes:
        asked: True from the first Ctrl-C (or SIGTERM) on.
        signal: Which signal it was.
    """

    def __init__(self) -> None:
        self.asked = False
        self.signal = signal.SIGINT

    def say(self, sentence: str) -> None:
        """Tell whoever pressed Ctrl-C, on standard error."""
        _print(sentence)

    def leave(self, sentence: str = "") -> NoReturn:
        """End as a signal would, now that all is saved.

        Args:
            sentence: Where to go on from; shown where the exception is.

        Raises:
            KeyboardInterrupt: Always, after Ctrl-C; `except KeyboardInterrupt` catches it. A script
                that doesn't catch it ends without a traceback, with exit code 130.
            SystemExit: Always, after SIGTERM, with exit code 143.
        """
        if self.signal != signal.SIGINT:
            raise SystemExit(OFFSET + self.signal)
        # In a notebook, leaving would be wrong: there it is an exception like any other.
        raise KeyboardInterrupt(sentence) if is_interactive() else _Left(sentence)


class _Left(KeyboardInterrupt, SystemExit):
    """A `KeyboardInterrupt` that the interpreter answers with an exit code, not a traceback."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.code = OFFSET + signal.SIGINT


_current: Interrupt | None = None


@contextlib.contextmanager
def interruptible(*, saves: bool = True) -> Iterator[Interrupt]:
    """Let a block finish what it is doing when Ctrl-C is pressed.

    The block looks at `asked` from time to time. A second Ctrl-C raises `KeyboardInterrupt` at
    once. What answered the signals before does so again after the block; a program that answers
    them in its own way, a thread other than the main one, and a block inside such a block are
    left as they are.

    Args:
        saves: Whether the block saves something when it is asked to stop; only then is SIGTERM
            answered too.

    Yields:
        Whether it was asked to stop.
    """
    global _current
    if _current is not None:
        yield _current
        return
    if threading.current_thread() is not threading.main_thread():
        yield Interrupt()
        return
    interrupt = Interrupt()

    def ask(number: int, frame: FrameType | None) -> None:
        if interrupt.asked:
            if number == signal.SIGINT:
                raise KeyboardInterrupt
            return
        interrupt.asked, interrupt.signal = True, signal.Signals(number)
        _say(interrupt, saves)

    usual: dict[signal.Signals, Any] = {signal.SIGINT: signal.default_int_handler}
    if saves and hasattr(signal, "SIGTERM"):
        usual[signal.SIGTERM] = signal.SIG_DFL
    taken = [each for each, own in usual.items() if signal.getsignal(each) is own]
    _current = interrupt
    try:
        for each in taken:
            signal.signal(each, ask)
        yield interrupt
    finally:
        _current = None
        for each in taken:
            signal.signal(each, usual[each])


def is_interactive() -> bool:
    """Whether somebody is at a prompt or in a notebook, which an exit would close."""
    return hasattr(sys, "ps1") or bool(sys.flags.interactive) or hasattr(builtins, "__IPYTHON__")


def _say(interrupt: Interrupt, saves: bool) -> None:
    name = "Ctrl-C" if interrupt.signal == signal.SIGINT else interrupt.signal.name
    then = "saving" if saves else "leaving"
    _print(f"\n{name}: finishing the step, then {then}. Ctrl-C again leaves at once.")


def _print(text: str) -> None:
    # A signal can come while the same stream is being written to.
    with contextlib.suppress(RuntimeError, OSError, AttributeError, ValueError):
        print(text, file=sys.stderr, flush=True)
