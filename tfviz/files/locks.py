"""One process at a time: locks that a kill lets go of, on files and folders that are there anyway.

Where there are none (Windows, some network disks) nothing is refused, and nothing is protected.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from tfviz.errors import OutputError


def lock(file: int, path: Path) -> None:
    """Keep a second process from writing the same file, until this one closes it.

    Args:
        file: Descriptor, open for writing.
        path: Of the file, to tell of it.

    Raises:
        OutputError: When another process has it.
    """
    try:
        import fcntl
    except ImportError:  # Windows
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise OutputError(
            f"another process is writing to '{path.parent}': wait for it, give another --out, or "
            f"share the work with --shard."
        ) from error
    except OSError:  # some network disks know no locks
        return


@contextlib.contextmanager
def unused(path: Path) -> Iterator[None]:
    """In the block no process that locks this file has it, and none can take it.

    Args:
        path: The file; may be absent.

    Raises:
        OutputError: When another process has it.
    """
    file = _opened(path, os.O_RDWR)
    try:
        if file is not None:
            lock(file, path)
        yield
    finally:
        if file is not None:
            os.close(file)


@contextlib.contextmanager
def alone(folder: Path) -> Iterator[None]:
    """In the block no other process is in such a block for this folder; waits for it.

    Args:
        folder: To be changed as a whole.
    """
    file = _opened(folder, os.O_RDONLY)
    try:
        if file is not None:
            import fcntl

            with contextlib.suppress(OSError):
                fcntl.flock(file, fcntl.LOCK_EX)
        yield
    finally:
        if file is not None:
            os.close(file)


def _opened(path: Path, how: int) -> int | None:
    """A descriptor to lock, None where that can't be done."""
    # There an open file could not be removed, and a folder not be opened.
    if os.name == "nt":
        return None
    try:
        return os.open(path, how)
    except OSError:
        return None
