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
from tfviz.files.atomic import why_not_written, write_text, writing
from tfviz.files.clearing import clear
from tfviz.files.locks import alone, lock, unused

SETTINGS, RESULTS, MANIFEST = "settings.json", "results.jsonl", "manifest.json"
HASH_DIGITS = 12
ALL_RESULTS = "results*.jsonl"
CLOSED = -1
REMARKS = "remarks"


class OtherSettingsError(OutputError):
    """A folder that holds results of other settings."""


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
    tfviz.files.journal.OtherSettingsError: ...other settings (target: 'cat', now 'dog')...
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
        if overwrite:
            return
        self.remarks = self._remarks_unless_of_others()
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
        with alone(self.folder):
            if not self._overwrite:
                # Since this one was made another may have begun, with other settings.
                self._remarks_unless_of_others()
            if self._overwrite or not self._has_results():
                # Other parts of this same job may have begun meanwhile: theirs stays.
                beside = self._is_ours() and (self.part or not self._overwrite)
                if beside:
                    clear(self.folder, self._path.name)
                else:
                    clear(self.folder, ALL_RESULTS, with_them=("manifest*.json", SETTINGS))
                self._overwrite = False
            # The settings first: another part that starts meanwhile looks for them.
            known, remarks = self._noted() or (None, {})
            if known is None or (self.remarks and remarks.get(self._share) != self.remarks):
                # Each part goes on with its own.
                remarks = {**remarks, self._share: self.remarks} if self.remarks else remarks
                kept = {REMARKS: remarks} if remarks else {}
                write_text(self.folder / SETTINGS, _pretty({**self.settings, **kept}))
            self._file = _open(self._path)
            try:
                lock(self._file, self._path)
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

    _file = CLOSED

    def close(self) -> None:
        """Let go of the file; what was added stays."""
        file, self._file = self._file, CLOSED
        if file != CLOSED:
            os.close(file)

    # A job that couldn't start must not keep its folder from the next one.
    __del__ = close

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
        """Whether the manifest of this part stands there, and there are no parts to be joined."""
        done = (self.folder / _with_part(MANIFEST, self.part)).exists()
        return done and not (self.part and self._all_parts_are_there())

    def add(self, key: str, line: Mapping[str, Any]) -> None:
        """Record a finished input, whose files are whole.

        Args:
            key: What tells it from others, its output stem.
            line: What is known of it, ready for JSON.

        Raises:
            OutputError: When the line can't be written whole; then nothing of it stays.
            ValueError: When the line holds a number that is not finite.
        """
        record = {**line, "key": key, "settings": self.hash}
        data = json.dumps(record, ensure_ascii=True, allow_nan=False).encode("ascii") + b"\n"
        self.begin()
        before = os.lseek(self._file, 0, os.SEEK_END)
        try:
            written = os.write(self._file, data)
            if written < len(data):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            if not os.path.samestat(os.fstat(self._file), os.stat(self._path)):
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
        if not self.part:
            return
        # The last to come here finds all others closed, and only one is here at a time.
        self.close()
        with alone(self.folder), contextlib.ExitStack() as others:
            if self._all_parts_are_there():
                try:
                    for path in self.folder.glob(ALL_RESULTS):
                        others.enter_context(unused(path))
                except OutputError:  # it is at work again, and joins them when it is done
                    return
                self._join(manifest, order)

    def _all_parts_are_there(self) -> bool:
        count = int(self.part.rpartition("-")[2])
        names = (_with_part(MANIFEST, f"{i}-of-{count}") for i in range(1, count + 1))
        return all((self.folder / each).exists() for each in names)

    def _join(self, manifest: dict[str, Any], order: Iterable[str]) -> None:
        self._index_all()
        rank = {key: i for i, key in enumerate(order)}
        keys = sorted(self._places, key=lambda key: (rank.get(key, len(rank)), key))
        failed = 0
        # Line by line: a hundred thousand are not held in memory.
        with writing(self.folder / RESULTS) as joined, contextlib.ExitStack() as stack:
            parts = {path for path, _ in self._places.values()}
            opened = {path: stack.enter_context(path.open("rb")) for path in parts}
            file = stack.enter_context(joined.open("wb"))
            for key in keys:
                path, place = self._places[key]
                opened[path].seek(place)
                line = opened[path].readline()
                failed += _is_failure(line)
                file.write(line)
        whole = {**manifest, "inputs": len(keys), "done": len(keys) - failed, "failed": failed}
        whole.pop("part", None)
        write_text(self.folder / MANIFEST, _pretty(whole))
        for pattern in ("results-*-of-*.jsonl", "manifest-*-of-*.json"):
            for path in self.folder.glob(pattern):
                path.unlink(missing_ok=True)
        self._places = {}
        self._index(self.folder / RESULTS)

    def _index_all(self) -> None:
        # Those of parts last: they are newer than what was joined before.
        for path in sorted(self.folder.glob(ALL_RESULTS), key=lambda p: p.name != RESULTS):
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
        return any(map(_holds_results, self.folder.glob(ALL_RESULTS)))

    def _is_ours(self) -> bool:
        """Whether the folder's settings are those of this job."""
        noted = self._noted()
        return noted is not None and noted[0] == self.settings

    @property
    def _share(self) -> str:
        return self.part or "all"

    def _noted(self) -> tuple[dict[str, Any], dict[str, Any]] | None:
        """The folder's settings and all remarks; None where they can't be read."""
        try:
            theirs = json.loads((self.folder / SETTINGS).read_text(encoding="utf-8"))
            return theirs, dict(theirs.pop(REMARKS, {}))
        except (OSError, ValueError, AttributeError, TypeError):
            return None

    def _remarks_unless_of_others(self) -> dict[str, Any]:
        """What an earlier run of this job remarked; refuses the results of another job."""
        path = self.folder / SETTINGS
        if not self._has_results():
            return {}
        try:
            theirs = json.loads(path.read_text(encoding="utf-8"))
            remarks = dict(theirs.pop(REMARKS, {}).get(self._share, {}))
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
            raise OtherSettingsError(
                f"'{self.folder}' holds results of other settings "
                f"({_differences(theirs, self.settings)}): give another --out, or --overwrite to "
                f"replace them."
            )
        return remarks


def settings_hash(settings: Mapping[str, Any]) -> str:
    """A short name for settings: equal for equal ones, whatever their order."""
    text = json.dumps(settings, sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode("ascii")).hexdigest()[:HASH_DIGITS]


def _with_part(name: str, part: str) -> str:
    stem, dot, suffix = name.partition(".")
    return f"{stem}-{part}{dot}{suffix}" if part else name


def _pretty(value: Any) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"


def _holds_results(journal: Path) -> bool:
    try:
        with journal.open("rb") as file:
            return any(not _is_failure(line) for line in file if line.endswith(b"\n"))
    except FileNotFoundError:
        return False


def _is_failure(line: bytes) -> bool:
    # With its colon it is a key: a class may be called so too.
    return b'"reason": ' in line


def _differences(theirs: dict[str, Any], ours: dict[str, Any]) -> str:
    names = [name for name in {**ours, **theirs} if theirs.get(name) != ours.get(name)]
    return "; ".join(f"{n}: {theirs.get(n)!r}, now {ours.get(n)!r}" for n in names)


def _open(path: Path) -> int:
    try:
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0)
        return os.open(path, flags, 0o666)
    except OSError as error:
        raise OutputError(f"can't write '{path}': {why_not_written(error, path.parent)}") from error


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
