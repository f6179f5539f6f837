"""The instructions of a pickle, checked one by one before any is followed.

Python's own unpickler builds whatever a file names, which may be `os.system`. Here the stream is
first taken apart; only what a state dict needs is known, and every length is checked against what
is there. Opcodes are those of protocol 2, which PyTorch writes, and the few of protocol 4 that
somebody may have asked for.
"""

from __future__ import annotations

import pickletools
import struct
from collections.abc import Iterator
from typing import Any

from tfviz.zoo.checkpoints.refusal import RefusedError, shown
from tfviz.zoo.checkpoints.tensors import STORAGES

# A tensor takes about 30; a hostile file could hold one for each of its bytes.
MOST_INSTRUCTIONS = 2_000_000
# The magic number of a PyTorch file has 10 bytes and is the longest there is reason for.
LONGEST_INTEGER = 16
LONGEST_NAME = 256

ORDERED_DICT = ("collections", "OrderedDict")
REBUILD_V1 = ("torch._utils", "_rebuild_tensor")
REBUILD = ("torch._utils", "_rebuild_tensor_v2")
REBUILD_PARAMETER = ("torch._utils", "_rebuild_parameter")
KNOWN = {ORDERED_DICT, REBUILD_V1, REBUILD, REBUILD_PARAMETER} | {
    ("torch", name) for name in STORAGES
}

# Tensors that hold something else than a run of values of a type that NumPy has.
_OTHER_TENSORS = {
    "torch._utils._rebuild_tensor_v3": "of a type that NumPy lacks, such as float8",
    "torch._utils._rebuild_sparse_tensor": "that are sparse",
    "torch._utils._rebuild_qtensor": "that are quantised",
    "torch._utils._rebuild_meta_tensor_no_storage": "without values, on the device 'meta'",
    "torch._utils._rebuild_nested_tensor": "that are nested",
}
_PLAIN = {
    b"(": "MARK",
    b".": "STOP",
    b"0": "POP",
    b"N": "NONE",
    b"\x88": "NEWTRUE",
    b"\x89": "NEWFALSE",
    b"}": "EMPTY_DICT",
    b"]": "EMPTY_LIST",
    b")": "EMPTY_TUPLE",
    b"t": "TUPLE",
    b"\x85": "TUPLE1",
    b"\x86": "TUPLE2",
    b"\x87": "TUPLE3",
    b"a": "APPEND",
    b"e": "APPENDS",
    b"s": "SETITEM",
    b"u": "SETITEMS",
    b"R": "REDUCE",
    b"b": "BUILD",
    b"Q": "BINPERSID",
    b"\x93": "STACK_GLOBAL",
    b"\x94": "MEMOIZE",
    b"\x81": "NEWOBJ",
}
# Makes an object of a class. It is read over, because the names of all classes tell best what the
# file is, and then refused.
_MAKES = b"\x81"
_EVERY_OPCODE = {each.code.encode("latin-1"): each.name for each in pickletools.opcodes}
_FIXED = {
    b"\x80": ("PROTO", "<B"),
    b"J": ("BININT", "<i"),
    b"K": ("BININT1", "<B"),
    b"M": ("BININT2", "<H"),
    b"G": ("BINFLOAT", ">d"),
    b"h": ("BINGET", "<B"),
    b"j": ("LONG_BINGET", "<I"),
    b"q": ("BINPUT", "<B"),
    b"r": ("LONG_BINPUT", "<I"),
    b"\x95": ("FRAME", "<Q"),
}
_COUNTED = {
    b"\x8a": ("LONG1", "<B"),
    b"U": ("SHORT_BINSTRING", "<B"),
    b"T": ("BINSTRING", "<i"),
    b"X": ("BINUNICODE", "<I"),
    b"\x8c": ("SHORT_BINUNICODE", "<B"),
}
_REMEDY = (
    "Where PyTorch is and the file is trusted, save its weights alone: "
    "torch.save(model.state_dict(), 'weights.pth')"
)


def check(data: Any, start: int = 0) -> int:
    """Look at every instruction of one pickle, following none.

    Args:
        data: Bytes, or a memory-mapped file.
        start: Where the pickle begins.

    Returns:
        Where it ends.

    Raises:
        RefusedError: At the first instruction that a state dict doesn't need, or, if all are known,
            with the names that it doesn't.
    """
    unknown: dict[str, None] = {}
    makes, last = False, start
    for count, (name, argument, end) in enumerate(_names_first(data, start, unknown)):
        if count >= MOST_INSTRUCTIONS:
            raise RefusedError(
                f"has more than {MOST_INSTRUCTIONS:,} instructions, which no weights do."
            )
        # PyTorch numbers what it keeps from 0. Python's unpickler would make room up to any number.
        if name in ("BINPUT", "LONG_BINPUT") and argument > count:
            raise RefusedError(
                f"keeps something under number {argument:,} after {count} instructions, which "
                f"would fill the memory: it is damaged or was made to do harm."
            )
        if name == "GLOBAL" and argument not in KNOWN:
            unknown[".".join(argument)] = None
        makes |= name == "NEWOBJ"
        last = end
    if unknown:
        raise refused_names(list(unknown))
    if makes:
        raise _refused_opcode(_MAKES, data, last)
    return last


def _names_first(data: Any, start: int, unknown: dict[str, None]) -> Iterator[tuple[str, Any, int]]:
    """The instructions; a forbidden one after a forbidden name is told by the name."""
    try:
        yield from instructions(data, start)
    except RefusedError as error:
        if unknown:
            raise refused_names(list(unknown)) from error
        raise


def instructions(data: Any, start: int) -> Iterator[tuple[str, Any, int]]:
    """The instructions of one pickle, up to its STOP: name, argument, where the next one begins.

    Raises:
        RefusedError: At one that a state dict doesn't need, or where the data ends too early.
    """
    size, position = len(data), start
    while True:
        code = bytes(data[position : position + 1])
        if not code:
            raise RefusedError("is cut short in the middle of its description: download it again.")
        position += 1
        argument: Any = None
        if code in _PLAIN:
            name = _PLAIN[code]
        elif code in _FIXED:
            name, form = _FIXED[code]
            argument, position = _number(data, position, form)
        elif code in _COUNTED:
            name, form = _COUNTED[code]
            length, position = _number(data, position, form)
            if not 0 <= length <= size - position:
                raise RefusedError(
                    f"announces {length:,} bytes where {size - position:,} are left: it is cut "
                    f"short or damaged, download it again."
                )
            argument = _decoded(name, bytes(data[position : position + length]))
            position += length
        elif code == b"c":
            name = "GLOBAL"
            module, position = _line(data, position)
            attribute, position = _line(data, position)
            argument = (module, attribute)
        else:
            raise _refused_opcode(code, data, position)
        yield name, argument, position
        if name == "STOP":
            return


def refused_names(names: list[str]) -> RefusedError:
    """What to say of a pickle that asks for these objects, which are none of a state dict's."""
    network = next((each for each in names if _is_network(each)), None)
    if network is not None:
        return RefusedError(
            f"is a whole pickled module ({shown(network)}) and not its weights: reading it would "
            f"run its Python code, so nothing was read. Where PyTorch is, save "
            f"model.state_dict(): torch.save(model.state_dict(), 'weights.pth')."
        )
    other = next((_OTHER_TENSORS[each] for each in names if each in _OTHER_TENSORS), None)
    if other is not None and all(each.startswith("torch.") for each in names):
        return RefusedError(
            f"holds tensors {other}, which are not read: save them as dense float32 where "
            f"PyTorch is."
        )
    more = f" and {len(names) - 1} more" if len(names) > 1 else ""
    return RefusedError(
        f"asks for {shown(names[0])}{more} to be loaded or called, and is refused: weights are "
        f"tensors, storages and OrderedDict, and anything else can run code. Nothing was run. "
        f"{_REMEDY}."
    )


def _is_network(name: str) -> bool:
    return name.startswith(("torch.nn.", "torchvision.models.", "timm.models.", "__main__."))


def _refused_opcode(code: bytes, data: Any, position: int) -> RefusedError:
    known = _EVERY_OPCODE.get(code)
    if known is None:
        return RefusedError(
            f"has the byte 0x{code.hex()} where an instruction should be: it is cut short or "
            f"damaged, download it again."
        )
    asked = ""
    if known == "INST":
        module, position = _line(data, position)
        asked = f" with {shown('.'.join((module, _line(data, position)[0])))}"
    return RefusedError(
        f"has the pickle instruction {known}{asked}, which no state dict needs and which can "
        f"run code: it is refused, and nothing was run. {_REMEDY}."
    )


def _number(data: Any, position: int, form: str) -> tuple[Any, int]:
    end = position + struct.calcsize(form)
    if end > len(data):
        raise RefusedError("is cut short in the middle of its description: download it again.")
    return struct.unpack(form, data[position:end])[0], end


def _decoded(name: str, raw: bytes) -> Any:
    if name == "LONG1":
        if len(raw) > LONGEST_INTEGER:
            raise RefusedError(
                f"holds an integer of {len(raw)} bytes, which no weights need: it is damaged or "
                f"was made to do harm."
            )
        return int.from_bytes(raw, "little", signed=True)
    if "UNICODE" in name:
        # As PyTorch writes them; a lone surrogate is a damaged name, not a reason to stop.
        return raw.decode("utf-8", errors="backslashreplace")
    return raw.decode("latin-1")


def _line(data: Any, position: int) -> tuple[str, int]:
    found = bytes(data[position : position + LONGEST_NAME + 1])
    end = found.find(b"\n")
    if end < 0:
        raise RefusedError(
            "names an object without an end to the name: it is cut short or damaged, download it "
            "again."
        )
    return found[:end].decode("utf-8", errors="backslashreplace"), position + end + 1
