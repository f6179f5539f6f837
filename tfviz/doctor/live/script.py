"""A script run as Python runs it, with somebody at its side who sees how it ends.

The parent, this process, only waits. The child is `python SCRIPT ARGS` itself: `start/` is the one
folder that its PYTHONPATH has more, and the module in there takes the folder out again before the
script begins. What the child can't say when it ends, it leaves in two files that the parent reads:
notes of its own, and what faulthandler writes when native code crashes.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tfviz.doctor.live import memory
from tfviz.doctor.live.crash import Crash, read_dump
from tfviz.doctor.live.process import Ended, run
from tfviz.doctor.live.start.sitecustomize import CHANNELS, PATH_BEFORE
from tfviz.errors import InputError, nearest

START = Path(__file__).parent / "start"
# Above what a script would count on: descriptors that it opens get the numbers they always got.
OUT_OF_THE_WAY = 200


@dataclass(frozen=True)
class Outcome:
    """All that is known of a script after its end.

    Attributes:
        command: What ran: Python, then the script and its arguments.
        ended: Its exit code or signal.
        examined: JSON of each error that it examined itself, in order.
        unexamined: Text of each error that it could not examine.
        unsaid: What it examined and could not print, as its standard error was closed.
        crash: What faulthandler saw.
        evidence: What speaks for a kill for want of memory; '' when nothing does.
    """

    command: tuple[str, ...]
    ended: Ended
    examined: tuple[str, ...] = ()
    unexamined: tuple[str, ...] = ()
    unsaid: tuple[str, ...] = ()
    crash: Crash = field(default_factory=Crash)
    evidence: str = ""


def run_script(arguments: Sequence[str], *, module: bool = False) -> Outcome:
    """Run `python SCRIPT ARGS`, or `python -m MODULE ARGS`, to its end.

    Args:
        arguments: The script's path, a folder or archive with a `__main__`, or '-' for standard
            input; or a module's name; then its own arguments.
        module: Whether a module is meant.

    Raises:
        InputError: When there is no such file; near names are told.
    """
    if not module:
        _require(arguments[0])
    command = (sys.executable, *(("-m",) if module else ()), *arguments)
    before = memory.kills()
    with channel() as (notes, notes_name), channel() as (dump, dump_name):
        environment = watched_environment(notes_name, dump_name)
        keep = [int(each) for each in (notes_name, dump_name) if each.isdecimal()]
        ended = run(command, environment, keep)
        said = _notes(notes.read_bytes())
        crash = read_dump(dump.read_bytes().decode("utf-8", "replace"))
    killed = ended.signal is not None and ended.signal == signal.SIGKILL
    return Outcome(
        command,
        ended,
        tuple(text for kind, text in said if kind == "examined"),
        _left(said),
        tuple(text for kind, text in said if kind == "unsaid"),
        Crash() if ended.code == 0 else crash,
        memory.evidence(before, memory.kills(), ended.peak, memory.limit()) if killed else "",
    )


def _require(script: str) -> None:
    if script == "-" or os.path.exists(script):
        return
    folder = os.path.dirname(script)
    with contextlib.suppress(OSError):
        names = [os.path.join(folder, name) for name in os.listdir(folder or ".")]
        raise InputError(f"There is no file '{script}'.{nearest(script, names)}")
    raise InputError(f"There is no file '{script}': there is no folder '{folder}'.")


def watched_environment(notes: str, dump: str) -> dict[str, str]:
    """The environment in which a Python starts watched.

    Args:
        notes: Where it writes its notes: a descriptor that it inherits, or a path.
        dump: The same for faulthandler.
    """
    environment = dict(os.environ)
    environment[CHANNELS] = f"{notes}{os.pathsep}{dump}"
    environment.pop(PATH_BEFORE, None)
    if "PYTHONPATH" in environment:
        environment[PATH_BEFORE] = environment["PYTHONPATH"]
    # An empty variable adds no folder, but an empty entry among others is the working directory.
    rest = [environment["PYTHONPATH"]] if environment.get("PYTHONPATH") else []
    environment["PYTHONPATH"] = os.pathsep.join([str(START), *rest])
    return environment


class Channel:
    """A file that the child writes and we read."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def read_bytes(self) -> bytes:
        """All of it."""
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        with os.fdopen(os.dup(self._descriptor), "rb") as stream:
            return stream.read()


@contextlib.contextmanager
def channel(*, inherited: bool = True) -> Iterator[tuple[Channel, str]]:
    """An empty file and what the child knows it by: a descriptor, or a path.

    Args:
        inherited: Whether the child inherits descriptors; on Windows none does.
    """
    if sys.platform == "win32" or not inherited:
        import tempfile

        descriptor, path = tempfile.mkstemp(prefix="tfviz-")
        try:
            yield Channel(descriptor), path
        finally:
            os.close(descriptor)
            with contextlib.suppress(OSError):
                os.unlink(path)
        return
    # Without a name, nothing is left behind however we end.
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("tfviz")
    else:
        import tempfile

        with tempfile.TemporaryFile() as file:
            descriptor = os.dup(file.fileno())
    try:
        descriptor = _moved(descriptor)
        yield Channel(descriptor), str(descriptor)
    finally:
        os.close(descriptor)


def _moved(descriptor: int) -> int:
    """The same file under a high number; under its own where so many aren't allowed."""
    import fcntl

    try:
        high: int = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, OUT_OF_THE_WAY)
    except OSError:
        return descriptor
    os.close(descriptor)
    return high


def _left(notes: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    """The texts of errors whose examination was begun and never done."""
    done = {kind.partition(":")[2] for kind, _ in notes if kind.startswith("done:")}
    return tuple(
        text
        for kind, text in notes
        if kind.startswith("begun:") and kind.partition(":")[2] not in done
    )


def _notes(data: bytes) -> list[tuple[str, str]]:
    """The child's notes as (kind, text); one that was cut off by its end is left out."""
    notes = []
    while data:
        head, _, data = data.partition(b"\n")
        kind, _, length = head.decode("ascii", "replace").partition(" ")
        if not length.isdecimal() or len(data) < int(length):
            break
        notes.append((kind, data[: int(length)].decode("utf-8", "replace")))
        data = data[int(length) :]
    return notes
