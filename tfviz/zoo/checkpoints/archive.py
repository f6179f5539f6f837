"""The zip archives that PyTorch writes since version 1.6."""

from __future__ import annotations

import contextlib
import io
import re
import struct
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from tfviz.zoo.checkpoints.machine import read_pickle
from tfviz.zoo.checkpoints.refusal import RefusedError, printable, shown
from tfviz.zoo.checkpoints.tensors import Storage

MOST_MEMBERS = 200_000
# A member takes about 70 in the directory, and in memory ten times that.
MOST_DIRECTORY_BYTES = 20_000_000
_LOCAL_HEADER = 30
_LOCAL_SIGNATURE = b"PK\x03\x04"
_ENCRYPTED = 0x1
_UTF8 = 0x800
_DAMAGED = "is a damaged archive"


def read_archive(path: Path, data: np.ndarray) -> Any:
    """What a zip archive of PyTorch holds.

    Args:
        path: The file.
        data: All its bytes, memory-mapped.

    Raises:
        RefusedError: When it is no such archive, or a damaged one.
    """
    members = _members(path)
    root = _root(members)
    description = members.get(f"{root}data.pkl")
    if description is None:
        raise RefusedError(
            "is a zip archive without PyTorch's 'data.pkl': it is no file of weights."
        )
    storages: dict[str, Storage] = {}
    content, _ = read_pickle(
        _bytes_of(description, data).tobytes(), 0, most_bytes=data.size, storages=storages
    )
    big_endian = _byte_order(members.get(f"{root}byteorder"), data) == b"big"
    for key, storage in storages.items():
        member = members.get(f"{root}data/{key}")
        if member is None:
            raise RefusedError(
                f"lacks the member {shown(f'data/{key}')} that holds weights: {_AGAIN}"
            )
        found = _bytes_of(member, data)
        if found.size != storage.bytes:
            raise RefusedError(
                f"has {found.size:,} bytes in {shown(member.filename)} and describes them as "
                f"{storage.bytes:,}: {_AGAIN}"
            )
        storage.data, storage.big_endian = found, big_endian
    return content


_AGAIN = "it is damaged, download it again."


def _members(path: Path) -> dict[str, zipfile.ZipInfo]:
    try:
        with _Archive(path) as file, zipfile.ZipFile(file) as archive:
            infos = archive.infolist()
    except RefusedError:
        raise
    # A damaged directory makes zipfile raise whatever it stumbles over: BadZipFile, struct.error,
    # NotImplementedError, UnicodeDecodeError, ValueError, ...
    except Exception as error:
        told = printable(str(error).rstrip(".") or type(error).__name__)
        raise RefusedError(
            f"is a zip archive that is cut short or damaged ({told}): download it again."
        ) from error
    if len(infos) > MOST_MEMBERS:
        raise RefusedError(f"is an archive of {len(infos):,} members, which no weights need.")
    members: dict[str, zipfile.ZipInfo] = {}
    for info in infos:
        name = info.filename
        if name in members:
            raise RefusedError(
                f"has the member {shown(name)} twice, so that readers can disagree on what it "
                f"holds: it was made to do harm or is damaged."
            )
        if name.startswith(("/", "\\")) or ".." in re.split(r"[/\\]", name) or ":" in name:
            raise RefusedError(
                f"has a member called {shown(name)}, which leads out of the archive: PyTorch "
                f"writes no such names, and it was made to do harm."
            )
        members[name] = info
    return members


class _Archive(io.FileIO):
    """A file whose directory is not read when it is too large for one; zipfile reads it whole."""

    def read(self, size: int | None = -1) -> bytes:  # type: ignore[override]
        """So many bytes, or those up to the end."""
        if size is not None and size > MOST_DIRECTORY_BYTES:
            raise RefusedError(
                f"has a directory of {size:,} bytes, which no weights need: it is damaged or was "
                f"made to do harm."
            )
        return super().read(-1 if size is None else size)


def _root(members: dict[str, zipfile.ZipInfo]) -> str:
    """The folder that PyTorch puts everything into; a refusal for other people's archives."""
    names = list(members)
    roots = [name.removesuffix("data.pkl") for name in names if name.endswith("data.pkl")]
    plain = [root for root in roots if root == "" or root.endswith("/")]
    root = plain[0] if plain else ""
    if len(plain) > 1:
        first, second = (shown(f"{each}data.pkl") for each in plain[:2])
        raise RefusedError(
            f"has two descriptions, {first} and {second}, so that readers can disagree on what it "
            f"holds: it was made to do harm or is damaged."
        )
    if f"{root}constants.pkl" in members or any(n.startswith(f"{root}code/") for n in names):
        raise RefusedError(
            "is a TorchScript archive, a program with its weights inside, and programs are not "
            "read. Where PyTorch is: torch.save(torch.jit.load(file).state_dict(), 'weights.pth')."
        )
    if "config.json" in members and "metadata.json" in members:
        raise RefusedError(
            "is a Keras model already and no file of PyTorch's: tfviz.load_model opens it."
        )
    if names and all(name.endswith(".npy") for name in names):
        raise RefusedError("is an archive of NumPy arrays (.npz), not weights that PyTorch wrote.")
    if any(name.startswith(("archive/data.json", f"{root}models/")) for name in names):
        raise RefusedError(
            "is an exported PyTorch program (.pt2): save model.state_dict() instead."
        )
    return root


def _byte_order(member: zipfile.ZipInfo | None, data: np.ndarray) -> bytes:
    order = b"little" if member is None else _bytes_of(member, data)[:16].tobytes().strip()
    if order not in (b"little", b"big"):
        known = printable(order.decode("latin-1"))
        raise RefusedError(f"has the byte order '{known}', which no machine has: {_AGAIN}")
    return order


def _bytes_of(member: zipfile.ZipInfo, data: np.ndarray) -> np.ndarray:
    """Where a member's bytes lie in the file."""
    if member.compress_type != zipfile.ZIP_STORED:
        raise RefusedError(
            f"has compressed {shown(member.filename)}: PyTorch stores its members as they are, and "
            f"a compressed one could unpack to any size. If the file was packed again, unpack it "
            f"and use the file inside."
        )
    start, size = member.header_offset, member.file_size
    if member.flag_bits & _ENCRYPTED or member.compress_size != size:
        raise RefusedError(f"{_DAMAGED}: {shown(member.filename)} is not stored as it is.")
    with contextlib.suppress(struct.error):
        header = data[start : start + _LOCAL_HEADER].tobytes() if start >= 0 else b""
        name_bytes, extra_bytes = struct.unpack_from("<HH", header, 26)
        begin = start + _LOCAL_HEADER + name_bytes + extra_bytes
        if header.startswith(_LOCAL_SIGNATURE) and begin + size <= data.size:
            name = data[start + _LOCAL_HEADER : start + _LOCAL_HEADER + name_bytes].tobytes()
            _check_name(member, name)
            return data[begin : begin + size]
    raise RefusedError(
        f"{_DAMAGED}: {shown(member.filename)} reaches beyond its end. Download it again."
    )


def _check_name(member: zipfile.ZipInfo, local: bytes) -> None:
    """A member is named twice; where the names differ, readers can disagree on what it is."""
    encoding = "utf-8" if member.flag_bits & _UTF8 else "cp437"
    name = local.decode(encoding, errors="replace")
    if name != member.orig_filename:
        raise RefusedError(
            f"{_DAMAGED}: {shown(member.filename)} calls itself {shown(name)} where it lies. "
            f"Download it again."
        )
