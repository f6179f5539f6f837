"""A checkpoint as a folder of files: it appears whole, and is verified by hash when it is read.

    checkpoint-000012/
        state.json              counters, random states, what the model is, a table of its variables
        variables.safetensors   their values; any reader of that format opens it
        iterator.*              the place in the data, as TensorFlow writes it
        SHA256SUMS              written last; `sha256sum -c SHA256SUMS` verifies by hand

All of it is written into a hidden folder, forced to the disk, and renamed: a kill or a power cut
at any moment leaves the checkpoints before it as they were. Nothing here is unpickled.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
import os
import re
import secrets
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from tfviz.errors import OutputError
from tfviz.files.atomic import why_not_written

STATE, VARIABLES, SUMS = "state.json", "variables.safetensors", "SHA256SUMS"
ARRAYS = "arrays.npy"
DRAFT = ".tfviz-saving-"
# A folder that another process made a moment ago may not be locked yet.
ABANDONED_SECONDS = 60.0
CHUNK = 1 << 20
# The types that the format has a word for; others are stored as bytes, and state.json knows what
# they are.
WORDS = {
    "float64": "F64",
    "float32": "F32",
    "float16": "F16",
    "bfloat16": "BF16",
    "float8_e4m3fn": "F8_E4M3",
    "float8_e5m2": "F8_E5M2",
    "int64": "I64",
    "int32": "I32",
    "int16": "I16",
    "int8": "I8",
    "uint64": "U64",
    "uint32": "U32",
    "uint16": "U16",
    "uint8": "U8",
    "bool": "BOOL",
}
_LINE = re.compile(r"([0-9a-f]{64})  ([\w.-]+)")


class DamagedError(Exception):
    """A checkpoint that isn't what was written; the message says which file, and in what way."""


class Draft:
    """The files of a checkpoint that is being written.

    Attributes:
        folder: Where they are, under a hidden name.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._hashes: dict[str, str] = {}

    @contextlib.contextmanager
    def file(self, name: str) -> Iterator[_Hashed]:
        """A new file to write to; on the disk when the block ends."""
        with (self.folder / name).open("wb", buffering=CHUNK) as file:
            hashed = _Hashed(file)
            yield hashed
            file.flush()
            os.fsync(file.fileno())
        self._hashes[name] = hashed.digest()

    def adopt(self, path: Path) -> None:
        """Take in a file that somebody else wrote into the folder."""
        with path.open("rb") as file:
            self._hashes[path.name] = _hash(file)
            os.fsync(file.fileno())

    def seal(self) -> None:
        """Write the list of hashes: the checkpoint is whole."""
        text = "".join(f"{digest}  {name}\n" for name, digest in sorted(self._hashes.items()))
        with self.file(SUMS) as file:
            file.write(text.encode("ascii"))


class _Hashed:
    """A file whose hash is known when it is written."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self._hash = hashlib.sha256()

    def write(self, data: Any) -> None:
        self._hash.update(data)
        self._file.write(data)

    def digest(self) -> str:
        return self._hash.hexdigest()


@contextlib.contextmanager
def drafting(final: Path) -> Iterator[Draft]:
    """Write a checkpoint's files in the block; they appear as `final` when it succeeds.

    Args:
        final: The folder to be; nothing has that name yet, and the folder around it exists.

    Yields:
        Where the files go.

    Raises:
        OutputError: When the operating system refuses (disk full, no permission, ...). Nothing
            stays of what was begun.
    """
    folder = final.parent / f"{DRAFT}{secrets.token_hex(6)}"
    try:
        folder.mkdir()
        with _locked(folder):
            draft = Draft(folder)
            yield draft
            draft.seal()
            os.replace(folder, final)
        _force(final.parent)
    except BaseException as error:
        shutil.rmtree(folder, ignore_errors=True)
        reason = _why_not(error, final.parent)
        if reason is None:
            raise
        raise OutputError(
            f"can't write the checkpoint '{final}': {reason} Older checkpoints there are as they "
            f"were."
        ) from error


def remove(folder: Path) -> None:
    """Remove a checkpoint so that a kill halfway leaves nothing that looks like one."""
    hidden = folder.with_name(f"{DRAFT}{secrets.token_hex(6)}")
    with contextlib.suppress(OSError):
        os.replace(folder, hidden)
        shutil.rmtree(hidden, ignore_errors=True)


def clear_drafts(directory: Path) -> None:
    """Remove what a killed process left behind halfway; what another is writing now stays."""
    for folder in directory.glob(f"{DRAFT}*"):
        with contextlib.suppress(OSError):
            if time.time() - folder.stat().st_mtime > ABANDONED_SECONDS:
                with _locked(folder):
                    shutil.rmtree(folder, ignore_errors=True)


def write_state(draft: Draft, state: Mapping[str, Any]) -> None:
    """Write what isn't a variable, as JSON."""
    with draft.file(STATE) as file:
        file.write(json.dumps(state, ensure_ascii=True, default=_plain).encode("ascii"))


def write_variables(
    draft: Draft, variables: Mapping[str, Any], look: Callable[[str, np.ndarray], None]
) -> list[dict[str, Any]]:
    """Write values, one variable in memory at a time.

    Args:
        draft: Where the file goes.
        variables: `tf.Variable`s by name.
        look: Sees each name and value before it is written, and may raise.

    Returns:
        A table for the JSON: name, dtype, shape and place of each.
    """
    table = [_entry(name, variable) for name, variable in variables.items()]
    place = 0
    for entry in table:
        entry["place"] = [place, place + entry.pop("bytes")]
        place = entry["place"][1]
    with draft.file(VARIABLES) as file:
        header = json.dumps({entry["name"]: _described(entry) for entry in table}).encode("utf-8")
        header += b" " * (-len(header) % 8)
        file.write(len(header).to_bytes(8, "little") + header)
        for entry, variable in zip(table, variables.values(), strict=True):
            if entry["dtype"] == "string":
                file.write(_packed(_texts(variable)))
            else:
                array = np.ascontiguousarray(variable.numpy())
                look(entry["name"], array)
                file.write(array.reshape(-1).view(np.uint8).data)
    return table


def write_arrays(draft: Draft, arrays: Sequence[np.ndarray]) -> None:
    """Arrays that belong to no variable, one after the other in NumPy's own format."""
    if arrays:
        with draft.file(ARRAYS) as file:
            for each in arrays:
                np.lib.format.write_array(file, np.asarray(each), allow_pickle=False)


def read_arrays(folder: Path) -> list[np.ndarray]:
    """What `write_arrays` wrote, of a verified checkpoint."""
    path = folder / ARRAYS
    found = []
    if path.exists():
        with path.open("rb") as file:
            while file.tell() < path.stat().st_size:
                found.append(np.lib.format.read_array(file, allow_pickle=False))
    return found


def verify(folder: Path) -> None:
    """Read every file and compare its hash with the one that was noted when it was written.

    Raises:
        DamagedError: With the first file that differs.
    """
    try:
        lines = (folder / SUMS).read_text(encoding="ascii").splitlines()
    except (OSError, ValueError) as error:
        raise DamagedError(f"{SUMS} can't be read ({_short(error)})") from error
    matches = [_LINE.fullmatch(line) for line in lines]
    found = {match[2]: match[1] for match in matches if match}
    if len(found) != len(lines) or not {STATE, VARIABLES} <= set(found):
        raise DamagedError(f"{SUMS} isn't the list of hashes that was written")
    for name, digest in found.items():
        try:
            with (folder / name).open("rb") as file:
                actual = _hash(file)
        except OSError as error:
            raise DamagedError(f"{name} can't be read ({_short(error)})") from error
        if actual != digest:
            raise DamagedError(f"{name} isn't what was written: its hash differs")


def read_state(folder: Path) -> dict[str, Any]:
    """What isn't a variable; of a verified checkpoint."""
    state: dict[str, Any] = json.loads((folder / STATE).read_text(encoding="ascii"))
    return state


def read_values(folder: Path, table: list[dict[str, Any]]) -> Iterator[tuple[str, np.ndarray]]:
    """The values of a verified checkpoint by name, one after the other, as the file holds them."""
    path = folder / VARIABLES
    with path.open("rb") as file:
        start = 8 + int.from_bytes(file.read(8), "little")
        for entry in table:
            low, high = entry["place"]
            file.seek(start + low)
            yield entry["name"], _unpacked(file.read(high - low), entry)


def _entry(name: str, variable: Any) -> dict[str, Any]:
    """What is known of a variable before its value is read, and how many bytes that has."""
    kind = tf.as_dtype(variable.dtype)
    if kind == tf.string:
        texts = _texts(variable)
        shape, size = list(texts.shape), len(_packed(texts))
    else:
        known = variable.shape.is_fully_defined()
        shape = list(variable.shape if known else variable.numpy().shape)
        size = math.prod(shape) * np.dtype(kind.as_numpy_dtype).itemsize
    return {"name": name, "dtype": kind.name, "shape": shape, "bytes": size}


def _described(entry: Mapping[str, Any]) -> dict[str, Any]:
    """An entry of the table, in the words of the file format."""
    low, high = entry["place"]
    word, shape = WORDS.get(entry["dtype"]), entry["shape"]
    if word is None:
        word, shape = "U8", [high - low]
    return {"dtype": word, "shape": shape, "data_offsets": [low, high]}


def _texts(variable: Any) -> np.ndarray:
    return np.asarray(variable.numpy(), dtype=object)


def _packed(texts: np.ndarray) -> bytes:
    """Byte strings of any content: the length of each, then all of them."""
    flat = [bytes(each) for each in texts.ravel()]
    lengths = np.array([len(each) for each in flat], dtype="<i8")
    return lengths.tobytes() + b"".join(flat)


def _unpacked(data: bytes, entry: Mapping[str, Any]) -> np.ndarray:
    shape = tuple(entry["shape"])
    if entry["dtype"] != "string":
        kind = tf.as_dtype(entry["dtype"]).as_numpy_dtype
        return np.frombuffer(data, dtype=kind).reshape(shape)
    count = math.prod(shape)
    ends = np.cumsum(np.frombuffer(data, "<i8", count)) + 8 * count
    starts = [8 * count, *ends[:-1]]
    texts = np.empty(count, dtype=object)
    texts[:] = [data[low:high] for low, high in zip(starts, ends, strict=False)]
    return texts.reshape(shape)


def _plain(value: Any) -> Any:
    """A number of NumPy or TensorFlow as one of Python's, which JSON knows."""
    value = np.asarray(value)
    if value.dtype == object:
        raise TypeError(f"{value.item() if value.ndim == 0 else value!r} can't be kept as JSON")
    return value.tolist()


def _hash(file: Any) -> str:
    return hashlib.file_digest(file, "sha256").hexdigest()


def _short(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)


def _why_not(error: BaseException, folder: Path) -> str | None:
    """The reason for a failed write, as the rest of a sentence; None when that isn't what it is."""
    if isinstance(error, OSError) and error.errno is not None:
        return why_not_written(error, folder)
    # TensorFlow writes the iterator, and has errors of its own for what the system said.
    if isinstance(error, tf.errors.OpError):
        for code in (28, 122):
            if os.strerror(code) in str(error):
                return why_not_written(OSError(code, os.strerror(code)), folder)
        if "File too large" in str(error):
            return "File too large; choose another place or name."
    return None


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold a folder as ours; a kill lets go of it.

    Raises:
        OSError: When another process holds it.
    """
    try:
        import fcntl
    except ImportError:  # Windows opens no folders
        yield
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(handle)


def _force(folder: Path) -> None:
    """Force the new name in a folder to the disk, where the system can."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
