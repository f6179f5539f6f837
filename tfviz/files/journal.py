"""The record of a job: what is finished, under which settings, so that it can go on after a kill.

    out/settings.json     what decides the results, written before the first of them
    out/results.jsonl     one line a finished input, written after its files are whole
    out/manifest.json     settings, totals, versions; written last, when nothing is left to do

A job that several processes share (`part="2-of-4"`) has a journal and a manifest for each, of
which the last to finish makes the two of the whole.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from tfviz.errors import OutputError
from tfviz.files.atomic import why_not_written, write_text

SETTINGS, RESULTS, MANIFEST = "settings.json", "results.jsonl", "manifest.json"
HASH_DIGITS = 12
CLOSED = -1
REMARKS = "remarks"


class Journal:
    """What is finished of a job in one folder.

    Lines of other settings are never mixed in: the folder of another job is refused. A line that
    a kill cut in two is taken away. What is known of a finished input is read back from the file
    when it is asked for, so that memory holds no more than its place there.

    Args:
        folder: Where the results go; must exist.
        settings: What decides the results, ready for JSON.
        overwrite: Remove what another job, or this one, left in the folder.
        part: Which share of the inputs this process does, such as '2-of-4'; empty for all.

    Attributes:
        remarks: What a job wants to find again and no result depends on; kept with the settings,
            and not compared. To be set before `begin`.

    Raises:
        OutputError: When the folder holds results of other settings, another process is writing
            this journal, or the place can't be written to.

    >>> import tempfile
    >>> folder = tempfile.mkdtemp()
    >>> with Journal(folder, {"target": "cat"}) as journal:
    ...     journal.add("photos/1", {"input": "photos/1.jpg", "score": 2.5})
    >>> with Journal(folder, {"target": "cat"}) as journal:
    ...     journal["photos/1"]["score"], "photos/2" in journal
    (2.5, False)
    >>> Journal(folder, {"target": "dog"})
    Traceback (most recent call last):
    tfviz.errors.OutputError: ...holds results of other settings (target: 'cat', now 'dog')...
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        settings: Mapping[str, Any],
        *,
        overwrite: bool = False,
        part: str = "",
    ) -> None:
        self.folder = Path(folder)
        self.settings = json.loads(json.dumps(settings))
        self.hash = settings_hash(settings)
        self.part = part
        self.remarks: dict[str, Any] = {}
        self._overwrite = overwrite
        self._places: dict[str, tuple[Path, int]] = {}
        self._path = self.folder / _with_part(RESULTS, part)
        self._file = CLOSED
        if overwrite:
            return
        self._refuse_others()
        if self._path.exists():
            self.begin()
        # Those of other parts are read too: what they finished need not be done again.
        self._index_all()

    def begin(self) -> None:
        """Take the folder: called before the first file of results is written.

        Until then nothing was changed in it, so a job that can't start leaves it as it was.

        Raises:
            OutputError: As the constructor does.
        """
        if self._file != CLOSED:
            return
        if self._overwrite or not self._has_results():
            # Other parts of this same job may have begun meanwhile: theirs stays.
            clear(self.folder, self._path.name if self._is_ours() else "results*.jsonl")
            self._overwrite = False
        # The settings first: another part that starts meanwhile looks for them.
        if not (self.folder / SETTINGS).exists():
            remarks = {REMARKS: self.remarks} if self.remarks else {}
            write_text(self.folder / SETTINGS, _pretty({**self.settings, **remarks}))
        self._file = _open(self._path)
        try:
            _lock(self._file, self._path)
            _drop_torn_line(self._file)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file; what was added stays."""
        if self._file != CLOSED:
            os.close(self._file)
            self._file = CLOSED

    def __contains__(self, key: str) -> bool:
        return key in self._places

    def __len__(self) -> int:
        return len(self._places)

    def __getitem__(self, key: str) -> dict[str, Any]:
        """The line of a finished input; KeyError when there is none."""
        path, place = self._places[key]
        with path.open("rb") as file:
            file.seek(place)
            line: dict[str, Any] = json.loads(file.readline())
        return line

    def get(self, key: str) -> dict[str, Any] | None:
        """The line of a finished input, None when there is none."""
        return self[key] if key in self._places else None

    @property
    def is_complete(self) -> bool:
        """Whether the manifest of this part stands there: nothing was left to do."""
        return (self.folder / _with_part(MANIFEST, self.part)).exists()

    def add(self, key: str, line: Mapping[str, Any]) -> None:
        """Record a finished input, whose files are whole.

        Args:
            key: What tells it from others, its output stem.
            line: What is known of it, ready for JSON.

        Raises:
            OutputError: When the line can't be written whole; then nothing of it stays.
        """
        record = {**line, "key": key, "settings": self.hash}
        data = json.dumps(record, ensure_ascii=True).encode("ascii") + b"\n"
        self.begin()
        before = os.lseek(self._file, 0, os.SEEK_END)
        try:
            written = os.write(self._file, data)
            if written < len(data):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            if not self._path.exists():
                raise OSError(errno.ENOENT, "the journal was removed")
        except OSError as error:
            with contextlib.suppress(OSError):
                os.ftruncate(self._file, before)
            raise OutputError(
                f"can't write '{self._path}': {why_not_written(error, self.folder)}"
            ) from error
        self._places[key] = (self._path, before)

    def reopen(self) -> None:
        """Say that there is more to do: the manifest of what was complete is taken away."""
        for name in {MANIFEST, _with_part(MANIFEST, self.part)}:
            with contextlib.suppress(FileNotFoundError):
                (self.folder / name).unlink()

    def finish(self, totals: Mapping[str, Any], *, order: Iterable[str] = ()) -> None:
        """Write the manifest: nothing is left to do.

        The last of several parts also joins their journals to one, and counts again.

        Args:
            totals: What to tell besides the settings: counts, versions.
            order: All keys of the whole job in their order, for joining parts.

        Raises:
            OutputError: When the place can't be written to.
        """
        manifest = {**totals, "settings": self.settings, "settings_hash": self.hash}
        write_text(self.folder / _with_part(MANIFEST, self.part), _pretty(manifest))
        if self.part and self._all_parts_are_there():
            self._join(manifest, order)

    def _all_parts_are_there(self) -> bool:
        count = int(self.part.rpartition("-")[2])
        names = (_with_part(MANIFEST, f"{i}-of-{count}") for i in range(1, count + 1))
        return all((self.folder / each).exists() for each in names)

    def _join(self, manifest: dict[str, Any], order: Iterable[str]) -> None:
        self._index_all()
        rank = {key: i for i, key in enumerate(order)}
        keys = sorted(self._places, key=lambda key: (rank.get(key, len(rank)), key))
        lines, failed = [], 0
        for key in keys:
            line = self[key]
            failed += "reason" in line
            lines.append(json.dumps(line, ensure_ascii=True))
        write_text(self.folder / RESULTS, "".join(f"{each}\n" for each in lines))
        whole = {**manifest, "inputs": len(keys), "done": len(keys) - failed, "failed": failed}
        whole.pop("part", None)
        write_text(self.folder / MANIFEST, _pretty(whole))
        self.close()
        for pattern in ("results-*-of-*.jsonl", "manifest-*-of-*.json"):
            for path in self.folder.glob(pattern):
                path.unlink(missing_ok=True)
        self._places = {}
        self._index(self.folder / RESULTS)

    def _index_all(self) -> None:
        # Those of parts last: they are newer than what was joined before.
        for path in sorted(self.folder.glob("results*.jsonl"), key=lambda p: p.name != RESULTS):
            self._index(path)

    def _index(self, path: Path) -> None:
        """Note where each whole line of this job stands; a later one counts more."""
        place = 0
        try:
            with path.open("rb") as file:
                for line in file:
                    if line.endswith(b"\n"):
                        with contextlib.suppress(ValueError, KeyError, TypeError):
                            record = json.loads(line)
                            if record["settings"] == self.hash:
                                self._places[record["key"]] = (path, place)
                    place += len(line)
        except FileNotFoundError:  # another part has just joined them
            return

    def _has_results(self) -> bool:
        """Whether there is more than reasons: a job that only failed binds nobody."""
        return any(map(_holds_results, self.folder.glob("results*.jsonl")))

    def _is_ours(self) -> bool:
        """Whether the folder's settings are those of this job."""
        try:
            theirs = json.loads((self.folder / SETTINGS).read_text(encoding="utf-8"))
            theirs.pop(REMARKS, None)
        except (OSError, ValueError, AttributeError):
            return False
        return bool(theirs == self.settings)

    def _refuse_others(self) -> None:
        path = self.folder / SETTINGS
        if not self._has_results():
            return
        try:
            theirs = json.loads(path.read_text(encoding="utf-8"))
            self.remarks = theirs.pop(REMARKS, {})
        except FileNotFoundError:
            raise OutputError(
                f"'{self.folder}' holds a {RESULTS} without its {SETTINGS}, so it can't be told "
                f"what was made how: give another --out, or --overwrite to begin anew."
            ) from None
        except (OSError, ValueError, AttributeError) as error:
            raise OutputError(
                f"'{path}' can't be read ({error}): give another --out, or --overwrite to begin "
                f"anew."
            ) from error
        if theirs != self.settings:
            raise OutputError(
                f"'{self.folder}' holds results of other settings "
                f"({_differences(theirs, self.settings)}): give another --out, or --overwrite to "
                f"replace them."
            )


def settings_hash(settings: Mapping[str, Any]) -> str:
    """A short name for settings: equal for equal ones, whatever their order."""
    text = json.dumps(settings, sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode("ascii")).hexdigest()[:HASH_DIGITS]


def clear(folder: Path, journals: str = "results*.jsonl") -> None:
    """Remove a job's journals and the files that they list, and nothing else.

    Args:
        folder: Of the results.
        journals: Pattern for which of them; with all of them the settings go too.
    """
    top = folder.resolve()
    for journal in folder.glob(journals):
        for line in journal.read_bytes().splitlines():
            with contextlib.suppress(ValueError, TypeError, AttributeError):
                for name in json.loads(line).get("files", ()):
                    path = (folder / name).resolve()
                    # A journal that somebody edited must not lead out of its folder.
                    if top in path.parents and path.is_file():
                        path.unlink()
        journal.unlink(missing_ok=True)
    if journals == "results*.jsonl":
        for pattern in ("manifest*.json", SETTINGS):
            for path in folder.glob(pattern):
                path.unlink(missing_ok=True)


def _with_part(name: str, part: str) -> str:
    stem, dot, suffix = name.partition(".")
    return f"{stem}-{part}{dot}{suffix}" if part else name


def _pretty(value: Any) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"


def _holds_results(journal: Path) -> bool:
    try:
        with journal.open("rb") as file:
            return any(b'"reason"' not in line for line in file if line.endswith(b"\n"))
    except FileNotFoundError:
        return False


def _differences(theirs: dict[str, Any], ours: dict[str, Any]) -> str:
    names = [name for name in {**ours, **theirs} if theirs.get(name) != ours.get(name)]
    return "; ".join(f"{n}: {theirs.get(n)!r}, now {ours.get(n)!r}" for n in names)


def _open(path: Path) -> int:
    try:
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0)
        return os.open(path, flags, 0o666)
    except OSError as error:
        raise OutputError(f"can't write '{path}': {why_not_written(error, path.parent)}") from error


def _lock(file: int, path: Path) -> None:
    """Keep a second process from writing the same journal; a kill lets go of it."""
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


def _drop_torn_line(file: int) -> None:
    """Cut what stands behind the last line's end."""
    size = os.lseek(file, 0, os.SEEK_END)
    keep = size
    while keep:
        start = max(0, keep - 65536)
        os.lseek(file, start, os.SEEK_SET)
        block = os.read(file, keep - start)
        end = block.rfind(b"\n")
        if end >= 0:
            keep = start + end + 1
            break
        keep = start
    if keep < size:
        os.ftruncate(file, keep)
