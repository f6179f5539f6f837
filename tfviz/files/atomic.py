"""Files that are whole or absent: written under a temporary name, then renamed."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

from tfviz.errors import OutputError

# One block of an ordinary file system: a full disk still creates empty files.
PROBE_BYTES = 4096


@contextlib.contextmanager
def writing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Gives a temporary path beside `path`, and renames it to `path` when the block succeeds.

    Whoever looks at `path` sees the old file or the whole new one. When the block raises
    anything, also a `KeyboardInterrupt`, the temporary file is removed and `path` is as it was.
    The data isn't forced to the disk (`fsync`), which would cost more than most images do: after
    a power cut a file can be missing.

    Args:
        path: The file to write. Its folder must exist. A link is followed, so that the file it
            points to is replaced rather than the link.

    Yields:
        A path in the same folder and with the same suffix, whose name starts with a dot. Nothing
        exists there yet.

    Raises:
        OutputError: If `path` is a folder or a device, or if the operating system refuses
            (disk full, no permission, folder vanished, ...).

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with writing(Path(folder, "cat.txt")) as temporary:
    ...         _ = temporary.write_text("miaow")
    ...     [each.name for each in Path(folder).iterdir()]
    ['cat.txt']
    """
    wanted = Path(path)
    final = Path(os.path.realpath(wanted)) if wanted.is_symlink() else wanted
    if final.is_dir():
        raise OutputError(f"'{wanted}' is a folder; give the name of a file to write.")
    if final.exists() and not final.is_file():
        raise OutputError(
            f"'{wanted}' is a device or a pipe, which can't be replaced by a finished file; "
            "give the name of an ordinary file."
        )
    temporary = final.with_name(f".tfviz-{secrets.token_hex(6)}{final.suffix}")
    try:
        yield temporary
        os.replace(temporary, final)
    except BaseException as error:
        # A folder that is gone or read-only by now must not hide the first error.
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        if isinstance(error, OSError) and _is_about(error, (temporary, final)):
            raise OutputError(
                f"can't write '{wanted}': {why_not_written(error, final.parent)}"
            ) from error
        raise


def write_bytes(path: str | os.PathLike[str], data: bytes) -> None:
    """Writes a binary file whole or not at all.

    Args:
        path: The file; its folder must exist.
        data: All of its contents.

    Raises:
        OutputError: If the place can't be written to.
    """
    with writing(path) as temporary:
        temporary.write_bytes(data)


def write_text(path: str | os.PathLike[str], text: str) -> None:
    r"""Writes a text file whole or not at all, as UTF-8 and with `\n` on every system.

    Args:
        path: The file; its folder must exist.
        text: All of its contents.

    Raises:
        OutputError: If the place can't be written to.
    """
    write_bytes(path, text.encode("utf-8"))


def ensure_writable(folder: str | os.PathLike[str]) -> Path:
    """Makes sure, before any work is done, that files can be created in a folder.

    The folder is created with its parents where absent. If that or a trial file fails, everything
    created on the way is removed again.

    Args:
        folder: Where files shall be written.

    Returns:
        The folder, which now exists.

    Raises:
        OutputError: If it isn't a folder or can't be written to, with the reason.
    """
    place = Path(folder)
    probe = place / f".tfviz-{secrets.token_hex(6)}"
    created: list[Path] = []
    try:
        for each in _missing(place):
            # Another process may create it first; then it isn't ours to remove.
            with contextlib.suppress(FileExistsError):
                each.mkdir()
                created.append(each)
        probe.write_bytes(bytes(PROBE_BYTES))
        probe.unlink()
    except BaseException as error:
        with contextlib.suppress(OSError):
            probe.unlink(missing_ok=True)
        for each in reversed(created):
            with contextlib.suppress(OSError):
                each.rmdir()
        if isinstance(error, OSError):
            raise OutputError(
                f"can't write to '{place}': {why_not_written(error, place)}"
            ) from error
        raise
    return place


def _missing(folder: Path) -> list[Path]:
    """The folders that have to be created, outermost first."""
    missing: list[Path] = []
    each = folder
    while not os.path.lexists(each) and each != each.parent:
        missing.append(each)
        each = each.parent
    return missing[::-1]


def _is_about(error: OSError, ours: tuple[Path, Path]) -> bool:
    """Whether an error comes from writing, not from something else that the block did.

    A failing `write` names no file; a failing `open` names the one it wanted. Libraries raise
    OSErrors without a number for things that aren't the operating system's.
    """
    if error.errno is None:
        return False
    return error.filename is None or str(error.filename) in {str(each) for each in ours}


def why_not_written(error: OSError, folder: Path) -> str:
    """The reason and the remedy, as the rest of a sentence."""
    code = error.errno
    if code in (errno.ENOSPC, getattr(errno, "EDQUOT", None)):
        return "the disk or your quota is full; free some space or choose another disk."
    if code == errno.EROFS:
        return "it is on a read-only disk; choose another place."
    if code in (errno.ENOTDIR, errno.EEXIST):
        blocking = next((str(p) for p in (folder, *folder.parents) if p.is_file()), str(folder))
        return f"'{blocking}' is a file, not a folder; choose another name or move that file."
    if code in (errno.EACCES, errno.EPERM):
        advice = "you have no permission to write there; choose another place"
        if os.name == "nt":
            advice += ", or close the program that has the file open"
        return f"{advice}."
    if code == errno.ENAMETOOLONG:
        return "the name is too long for this file system; choose a shorter one."
    if code == errno.ENOENT and not folder.is_dir():
        return f"the folder '{folder}' doesn't exist (any more); create it first."
    if code == errno.ENOENT:
        return "nothing was written under the temporary name, or it was removed; try again."
    return f"{error.strerror or error}; choose another place or name."
