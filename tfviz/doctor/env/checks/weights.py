"""Weights that Keras has downloaded: usable offline, and whole."""

from __future__ import annotations

import os
from pathlib import Path

from tfviz.doctor.env.machine import Machine
from tfviz.doctor.env.private import own
from tfviz.doctor.env.result import Result, warning
from tfviz.doctor.env.sizes import size

_HDF5 = b"\x89HDF\r\n\x1a\n"
_ZIP_END = b"PK\x05\x06"
_ZIP_COMMENT = 65_557
_WEIGHTS = (".h5", ".hdf5", ".keras")


def look(machine: Machine) -> Result:
    """What lies in Keras's folder of models, and what was cut off while it came."""
    folder = machine.keras_home / "models"
    rows, broken = [], []
    whole = taken = 0
    try:
        names = sorted(os.listdir(folder))
    except FileNotFoundError:
        names = []
    except OSError as error:
        return Result(f"could not find out: {error.strerror}", known=False)
    for name in names:
        path = folder / name
        if not name.endswith(_WEIGHTS) or not path.is_file():
            continue
        try:
            amount, trouble = path.stat().st_size, damage(path)
        except OSError:
            rows.append((own(name, "file"), "can't be read"))
            continue
        rows.append((own(name, "file"), trouble or size(amount)))
        if trouble:
            broken.append((path, trouble))
        else:
            whole, taken = whole + 1, taken + amount
    problems = [
        warning(
            f"{own(path.name, 'file')} {trouble}: loading it fails, and Keras, which has it "
            f"already, may not download it again.",
            machine.shell.remove(path, "file"),
            diagnosis="net.download_corrupt",
        )
        for path, trouble in broken
    ]
    if not whole:
        said = "none downloaded yet"
    else:
        said = f"{whole} file{'s' * (whole > 1)} downloaded, {size(taken)}"
    return Result(said, tuple(problems), (("folder", machine.place(folder)), *rows))


def damage(path: Path) -> str:
    """What is wrong with a file of weights, '' when nothing is to be seen from its ends.

    An HDF5 file names its own length at its beginning, a ZIP archive closes with a directory.

    Raises:
        OSError: When it can't be read.

    Source: HDF5 File Format Specification 3.0, II.A, "Superblock".
    """
    length = path.stat().st_size
    if length == 0:
        return "is empty"
    with open(path, "rb") as file:
        head = file.read(64)
        file.seek(max(length - _ZIP_COMMENT, 0))
        tail = file.read()
    if head.startswith(_HDF5):
        wanted = _hdf5_length(head)
        if wanted is not None and length < wanted:
            return f"is cut off ({size(length)} of {size(wanted)})"
        return ""
    if head.startswith(b"PK"):
        return "" if _ZIP_END in tail else "is cut off"
    if head.lstrip()[:1] == b"<":
        return "is a web page, not weights"
    return "is no file of weights"


def _hdf5_length(head: bytes) -> int | None:
    version = head[8]
    if version in (0, 1):
        width, at = head[13], 24 + 4 * (version == 1)
        end = at + 2 * width
    elif version in (2, 3):
        width, at = head[9], 12
        end = at + 2 * width
    else:
        return None
    if width not in (4, 8):
        return None
    return int.from_bytes(head[at : at + width], "little") + int.from_bytes(
        head[end : end + width], "little"
    )
