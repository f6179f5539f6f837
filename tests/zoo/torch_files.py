"""Files as PyTorch writes them, made by NumPy and `pickle` alone; and files made to do harm."""

from __future__ import annotations

import io
import pickle
import struct
import zipfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from tfviz.zoo.checkpoints.legacy import BEGINNING

KINDS = {
    "float32": b"FloatStorage",
    "float64": b"DoubleStorage",
    "float16": b"HalfStorage",
    "int64": b"LongStorage",
}


def text(value: str) -> bytes:
    raw = value.encode()
    return b"X" + struct.pack("<I", len(raw)) + raw


def integer(value: int) -> bytes:
    if -(2**31) <= value < 2**31:
        return b"J" + struct.pack("<i", value)
    raw = value.to_bytes(12, "little", signed=True)
    return b"\x8a" + bytes([len(raw)]) + raw


def sizes(values: Iterable[int]) -> bytes:
    return b"(" + b"".join(map(integer, values)) + b"t"


def storage(key: str, count: int, kind: bytes = b"FloatStorage") -> bytes:
    """A storage's description, as persistent id."""
    described = text("storage") + b"ctorch\n" + kind + b"\n" + text(key) + text("cpu")
    return b"(" + described + integer(count) + b"tQ"


def tensor(
    key: str,
    count: int,
    shape: Iterable[int],
    strides: Iterable[int],
    offset: int = 0,
    kind: bytes = b"FloatStorage",
) -> bytes:
    head = b"ctorch._utils\n_rebuild_tensor_v2\n("
    hooks = b"ccollections\nOrderedDict\n)R"
    parts = integer(offset) + sizes(shape) + sizes(strides) + b"\x89" + hooks
    return head + storage(key, count, kind) + parts + b"tR"


def strides_of(shape: tuple[int, ...]) -> list[int]:
    return [int(np.prod(shape[i + 1 :], dtype=np.int64)) for i in range(len(shape))]


def dictionary(entries: dict[str, bytes]) -> bytes:
    """A pickle of an OrderedDict."""
    body = b"".join(text(name) + value for name, value in entries.items())
    return b"\x80\x02ccollections\nOrderedDict\n)R(" + body + b"u."


def members_of(arrays: dict[str, np.ndarray]) -> dict[str, bytes]:
    """The members of a zip archive with these weights."""
    entries, members = {}, {}
    for i, (name, array) in enumerate(arrays.items()):
        kind = KINDS[str(array.dtype)]
        entries[name] = tensor(str(i), array.size, array.shape, strides_of(array.shape), 0, kind)
        members[f"archive/data/{i}"] = array.tobytes()
    return {"archive/data.pkl": dictionary(entries), "archive/version": b"3\n", **members}


def write_zip(
    path: Path, members: dict[str, bytes] | list[tuple[str, bytes]], *, packed: bool = False
) -> Path:
    method = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
    pairs = members.items() if isinstance(members, dict) else members
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in pairs:
            archive.writestr(name, data)
    return path


def write_weights(path: Path, arrays: dict[str, np.ndarray]) -> Path:
    """A .pth file as PyTorch's of today."""
    return write_zip(path, members_of(arrays))


def write_pickle(path: Path, data: bytes, *, legacy: bool = False) -> Path:
    """A checkpoint whose description is this pickle."""
    if not legacy:
        return write_zip(path, {"archive/data.pkl": data, "archive/version": b"3\n"})
    system = pickle.dumps({"protocol_version": 1001, "little_endian": True}, 2)
    parts = [BEGINNING, pickle.dumps(1001, 2), system, data, pickle.dumps([], 2)]
    path.write_bytes(b"".join(parts))
    return path


class Runs:
    """Unpickled by Python, it makes a file."""

    def __init__(self, sentinel: Path) -> None:
        self.sentinel = sentinel

    def __reduce__(self) -> tuple[object, ...]:
        import os

        return os.system, (f"touch {self.sentinel}",)


def attacks(sentinel: Path) -> dict[str, tuple[bytes, str]]:
    """Pickles that do harm when Python reads them, and what each must be refused with."""
    command = f"touch {sentinel}"
    short = b"U" + bytes([len(command)]) + command.encode()
    opened = f"open('{sentinel}','w')"
    deep = b"\x80\x02" + b")" + 200_000 * b"\x85" + b"."
    colliding = b"".join(integer(k * (2**61 - 1)) + b"N" for k in range(9, 50_009))
    folded = b"\x80\x02)" + b"".join(b"q\x00h\x00\x86" for _ in range(60)) + b"."
    return {
        "os.system by REDUCE": (pickle.dumps(Runs(sentinel), 2), r"'posix\.system'|'nt\.system'"),
        "os.system by STACK_GLOBAL": (
            b"\x80\x04\x8c\x02os\x8c\x06system\x93" + short + b"\x85R.",
            r"'os\.system'",
        ),
        "builtins.eval": (
            b"\x80\x02cbuiltins\neval\nU" + bytes([len(opened)]) + opened.encode() + b"\x85R.",
            r"'builtins\.eval'",
        ),
        "a harmless name too": (b"\x80\x02cnumpy\nzeros\nK\x03\x85R.", r"'numpy\.zeros'"),
        "INST": (b"(" + short + b"ios\nsystem\n.", r"instruction INST with 'os\.system'"),
        "OBJ": (b"(cos\nsystem\n" + short + b"o.", r"'os\.system'"),
        "EXT1": (b"\x80\x02\x82\x01.", "instruction EXT1"),
        "EXT2": (b"\x80\x02\x83\x01\x00.", "instruction EXT2"),
        "EXT4": (b"\x80\x02\x84\x01\x00\x00\x00.", "instruction EXT4"),
        "NEWOBJ_EX": (b"\x80\x04)}\x92.", "instruction NEWOBJ_EX"),
        "NEWOBJ": (b"\x80\x02ccollections\nOrderedDict\n)\x81.", "instruction NEWOBJ"),
        "PERSID": (b"\x80\x02Pos.system\n.", "instruction PERSID"),
        "LONG in letters": (b"L" + 100_000 * b"9" + b"L\n.", "instruction LONG"),
        "LONG4 of 2 GB": (b"\x80\x02\x8b\xff\xff\xff\x7f.", "instruction LONG4"),
        "LONG1 of 255 bytes": (b"\x80\x02\x8a\xff" + 255 * b"\x7f" + b".", "integer of 255 bytes"),
        "a text of 4 GB": (b"\x80\x02X\xff\xff\xff\xffabc.", "announces 4,294,967,295 bytes"),
        "a text of -1 bytes": (b"\x80\x02T\xff\xff\xff\xffabc.", "announces -1 bytes"),
        "a memo of 4 billion": (b"\x80\x02Nr\xff\xff\xff\xff.", "under number 4,294,967,295"),
        "tuples in tuples": (deep, "holds a tuple"),
        "a tuple folded up": (folded, "holds a tuple"),
        "a deep tuple for a key": (
            b"\x80\x02})" + 200_000 * b"\x85" + b"Ns.",
            "a dict with 'a tuple' for a key",
        ),
        "a folded tuple for a key": (
            b"\x80\x02})" + b"".join(b"q\x00h\x00\x86" for _ in range(60)) + b"Ns.",
            "a dict with 'a tuple' for a key",
        ),
        "integers of one hash": (
            b"\x80\x02}(" + colliding + b"u.",
            "a dict with 'the integer 207",
        ),
        "a list copied again and again": (
            b"\x80\x02](" + 20_000 * b"K\x01N\x86" + b"eq\x00"
            + 20_000 * b"ccollections\nOrderedDict\nh\x00\x85R0" + b"}.",
            "copies 2,020,000 values|copies 2,000,001",
        ),
        "a long shape used again and again": (
            b"\x80\x02" + sizes([1] * 20_000) + b"q\x000" + storage("0", 4) + b"q\x010"
            + 20_000 * b"ctorch._utils\n_rebuild_tensor\n(h\x01K\x00h\x00h\x00tR0" + b"}.",
            "shape is no list of sizes",
        ),
        "a dict of one dict many times": (
            b"\x80\x02}(" + b"".join(integer(k) + b"N" for k in range(20_000)) + b"uq\x000}("
            + b"".join(integer(k) + b"h\x00" for k in range(20_000)) + b"u.",
            "no tensors",
        ),
        "a list within itself": (b"\x80\x02]q\x00h\x00a.", "holds a list"),
        "a dict within itself": (b"\x80\x02}q\x00U\x05modelh\x00s.", "no tensors|too deep"),
        "a global for a value": (b"\x80\x02}U\x01actorch\nFloatStorage\ns.", "no tensors"),
        "an empty stack": (b"\x80\x020000.", "can't be followed"),
        "a mark left over": (b"\x80\x02(.", "can't be followed"),
        "nothing kept": (b"\x80\x02h\x05.", "can't be followed"),
        "an OrderedDict of odd things": (
            b"\x80\x02ccollections\nOrderedDict\nK\x05\x85R.",
            "can't be followed",
        ),
        "a state for a number": (b"\x80\x02K\x01}b.", "can't be followed"),
        "a tensor beyond its storage": (
            dictionary({"a": tensor("0", 4, (2, 3), (3, 1))}),
            r"shape \(2, 3\) that reaches to value 5 of a storage with 4",
        ),
        "a tensor before its storage": (
            dictionary({"a": tensor("0", 4, (2,), (1,), offset=-1)}),
            "offset is no list of sizes",
        ),
        "a negative stride": (
            dictionary({"a": tensor("0", 4, (2,), (-1,))}),
            "strides is no list of sizes",
        ),
        "a tensor of 2^62 by 2^62": (
            dictionary({"a": tensor("0", 4, (2**62, 2**62), (0, 0))}),
            r"bytes, and has only",
        ),
        "a tensor of 40 axes": (
            dictionary({"a": tensor("0", 4, (1,) * 40, (1,) * 40)}),
            "40 sizes",
        ),
        "a storage of 2^40 values": (
            dictionary({"a": tensor("0", 2**40, (1,), (1,))}),
            r"storage of 4,398,046,511,104 bytes",
        ),
        "a storage in two ways": (
            dictionary({"a": tensor("0", 4, (1,), (1,)), "b": tensor("0", 5, (1,), (1,))}),
            "storage '0' in two ways",
        ),
    }  # fmt: skip


def legacy_of(data: bytes, arrays: list[np.ndarray]) -> bytes:
    """A file as PyTorch wrote it before 1.6, around the pickle of a state dict."""
    out = io.BytesIO()
    system = {"protocol_version": 1001, "little_endian": True}
    for part in (pickle.dumps(1001, 2), pickle.dumps(system, 2), data):
        out.write((BEGINNING if not out.tell() else b"") + part)
    out.write(pickle.dumps([str(i) for i in range(len(arrays))], 2))
    for array in arrays:
        out.write(struct.pack("<q", array.size) + array.tobytes())
    return out.getvalue()
