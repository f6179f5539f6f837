"""One program run to its end in this terminal, as a shell runs it, and what became of it.

The child shares everything with us: terminal, process group, open descriptors, working directory.
What the terminal sends (Ctrl-C, Ctrl-Z) reaches both; what somebody sends to us alone is passed on.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

# `si_code` of a signal that came from the terminal, which sends to the whole group.
FROM_THE_KERNEL = 0x80
# A child that could not be started, as shells say it.
NOT_STARTED = 127
_PASSED_ON = (
    "SIGINT",
    "SIGQUIT",
    "SIGTERM",
    "SIGHUP",
    "SIGUSR1",
    "SIGUSR2",
    "SIGALRM",
    "SIGVTALRM",
)
_KILL_WHEN_PARENT_DIES = 1  # PR_SET_PDEATHSIG of <sys/prctl.h>


@dataclass(frozen=True)
class Ended:
    """How a process ended.

    Attributes:
        code: Its exit code; None when a signal ended it.
        signal: The number of that signal, None otherwise.
        peak: The most memory that it, or a child of its own, held at once, in bytes; None where
            the system doesn't tell.
        passed_on: Signals that reached it through us.
    """

    code: int | None
    signal: int | None = None
    peak: int | None = None
    passed_on: frozenset[int] = frozenset()


def run(command: Sequence[str], environment: Mapping[str, str], keep: Sequence[int] = ()) -> Ended:
    """Run a program and wait for its end.

    Args:
        command: The program's path and its arguments.
        environment: All of its environment.
        keep: Descriptors of ours that it inherits; it has 0, 1, 2 and what we inherited anyway.

    Raises:
        OSError: When it can't be started.
    """
    if sys.platform == "win32":
        return _run_on_windows(command, environment)
    return _run_on_posix(command, environment, keep)


def end_like(ended: Ended) -> int:
    """Die of the same signal, so that a shell sees what it would have seen; else the exit code."""
    if ended.signal is None or sys.platform == "win32":
        return ended.code or 0
    import resource

    # The core file is the child's, and it is written already.
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, AttributeError):
            stream.flush()
    with contextlib.suppress(OSError, ValueError):
        signal.signal(ended.signal, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {ended.signal})
    os.kill(os.getpid(), ended.signal)
    return 128 + ended.signal


def _run_on_posix(
    command: Sequence[str], environment: Mapping[str, str], keep: Sequence[int]
) -> Ended:
    numbers = [getattr(signal, name) for name in _PASSED_ON if hasattr(signal, name)]
    # An ignored signal (`nohup`, a job in the background) stays ignored, for the child as well.
    watched = {each for each in numbers if signal.getsignal(each) is not signal.SIG_IGN}
    watched.add(signal.SIGCHLD)
    handler = signal.signal(signal.SIGCHLD, lambda *_: None)
    before = signal.pthread_sigmask(signal.SIG_BLOCK, watched)
    try:
        parent = os.getpid()
        child = os.fork()
        if child == 0:
            _become(command, environment, keep, before, parent)
        status, usage, passed_on = _wait(child, watched)
        # A Ctrl-C that came while the child was ending is done with.
        while signal.sigpending() & watched:
            signal.sigwait(watched)
    finally:
        signal.signal(signal.SIGCHLD, handler)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    code = os.waitstatus_to_exitcode(status)
    # Linux counts kilobytes, macOS bytes.
    peak = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    if code < 0:
        return Ended(None, -code, peak, passed_on)
    return Ended(code, None, peak, passed_on)


def _become(
    command: Sequence[str],
    environment: Mapping[str, str],
    keep: Sequence[int],
    mask: set[Any],
    parent: int,
) -> None:
    """Turn this forked process into the program; never returns."""
    try:
        for each in keep:
            os.set_inheritable(each, True)
        # Python ignores these for itself; a program starts with what a shell gives it.
        for name in ("SIGPIPE", "SIGXFSZ"):
            signal.signal(getattr(signal, name), signal.SIG_DFL)
        _die_with(parent)
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        os.execve(command[0], list(command), dict(environment))
    except BaseException as error:
        os.write(2, f"{command[0]}: {error}\n".encode(errors="backslashreplace"))
    finally:
        os._exit(NOT_STARTED)


def _die_with(parent: int) -> None:
    """On Linux: when we are killed with no chance to pass it on, the program is killed as well."""
    if not sys.platform.startswith("linux"):
        return
    with contextlib.suppress(ImportError, OSError, AttributeError):
        import ctypes

        ctypes.CDLL(None).prctl(_KILL_WHEN_PARENT_DIES, signal.SIGKILL)
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)


def _wait(child: int, watched: set[int]) -> tuple[int, Any, frozenset[int]]:
    passed_on: set[int] = set()
    while True:
        number, from_terminal = _next_signal(watched)
        if number == signal.SIGCHLD:
            ended, status, usage = os.wait4(child, os.WNOHANG)
            if ended:
                return status, usage, frozenset(passed_on)
        elif not from_terminal:
            passed_on.add(number)
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, number)


def _next_signal(watched: set[int]) -> tuple[int, bool]:
    """The next signal, and whether the terminal sent it to all of its foreground."""
    if hasattr(signal, "sigwaitinfo"):
        info = signal.sigwaitinfo(watched)
        return info.si_signo, info.si_code == FROM_THE_KERNEL
    number = signal.sigwait(watched)
    return number, number in (signal.SIGINT, signal.SIGQUIT) and _in_foreground()


def _in_foreground() -> bool:
    for descriptor in (0, 1, 2):
        with contextlib.suppress(OSError):
            return os.tcgetpgrp(descriptor) == os.getpgrp()
    return False


def _run_on_windows(command: Sequence[str], environment: Mapping[str, str]) -> Ended:
    """The console sends Ctrl-C to both; ours is left to the child."""
    import subprocess

    names = [name for name in ("SIGINT", "SIGBREAK") if hasattr(signal, name)]
    handlers = {name: signal.signal(getattr(signal, name), lambda *_: None) for name in names}
    try:
        with subprocess.Popen(list(command), env=dict(environment), close_fds=False) as process:
            return Ended(process.wait())
    finally:
        for name, handler in handlers.items():
            signal.signal(getattr(signal, name), handler)
