"""Child processes that can't hang us: each has a time limit, and all end with us."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

MOST_READ = 200_000


@dataclass(frozen=True)
class Ran:
    """What a child process did.

    Attributes:
        code: Its exit code, negative for a signal; None when it never ran or never ended.
        out: Standard output.
        err: Standard error, its end.
        trouble: '' or why there is no code: 'missing', 'time', or the system's words.
    """

    code: int | None
    out: str = ""
    err: str = ""
    trouble: str = ""


class Children:
    """The child processes of one round of checks."""

    def __init__(self) -> None:
        self._running: set[subprocess.Popen[bytes]] = set()
        self._lock = threading.Lock()
        self._stopped = False

    def run(
        self,
        command: Sequence[str],
        seconds: float,
        *,
        environ: Mapping[str, str],
        folder: Path | None = None,
    ) -> Ran:
        """Run a command to its end, or to the end of its time. Never raises.

        Args:
            command: Program and arguments.
            seconds: When it is killed, with all that it has started itself.
            environ: Its environment.
            folder: Where it runs; None for here.
        """
        try:
            with self._lock:
                if self._stopped:
                    return Ran(None, trouble="stopped")
                child = subprocess.Popen(
                    list(command),
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    env=dict(environ),
                    cwd=folder,
                    # Its own group, so that grandchildren can be ended with it.
                    start_new_session=os.name == "posix",
                )
                self._running.add(child)
        except FileNotFoundError:
            return Ran(None, trouble="missing")
        except (OSError, ValueError) as error:
            return Ran(None, trouble=str(getattr(error, "strerror", "") or error))
        try:
            out, err = child.communicate(timeout=seconds)
            return Ran(child.returncode, _text(out), _text(err))
        except subprocess.TimeoutExpired as late:
            _kill(child)
            out, err = _what_is_left(child)
            return Ran(None, _text(out or late.stdout), _text(err or late.stderr), "time")
        except (OSError, ValueError) as error:
            _kill(child)
            return Ran(None, trouble=str(error))
        finally:
            with self._lock:
                self._running.discard(child)

    def stop(self) -> None:
        """End those that still run, and start no more."""
        with self._lock:
            self._stopped = True
            for child in self._running:
                _kill(child)


def _kill(child: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(OSError):
        if os.name == "posix":
            os.killpg(child.pid, signal.SIGKILL)
        else:
            child.kill()


def _what_is_left(child: subprocess.Popen[bytes]) -> tuple[bytes, bytes]:
    try:
        return child.communicate(timeout=1)
    except (subprocess.TimeoutExpired, OSError, ValueError):
        # A child in uninterruptible sleep (a dead driver) can't even be killed.
        return b"", b""


def _text(data: bytes | None) -> str:
    return (data or b"")[-MOST_READ:].decode("utf-8", "replace").replace("\r\n", "\n")
