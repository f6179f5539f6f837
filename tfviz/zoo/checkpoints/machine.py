"""Follow the instructions of a pickle that has been checked.

A machine of its own, not Python's unpickler with some names forbidden: what it can't do, no file
can make it do. It knows None, numbers, texts, tuples, lists and dicts; storages and tensors; and
nothing else. Dict keys are texts and integers only, so that no hash is worked out through a deep or
a folded-up structure.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tfviz.zoo.checkpoints.opcodes import (
    KNOWN,
    MOST_INSTRUCTIONS,
    ORDERED_DICT,
    REBUILD,
    REBUILD_PARAMETER,
    REBUILD_V1,
    check,
    instructions,
    refused_names,
)
from tfviz.zoo.checkpoints.refusal import RefusedError, shown
from tfviz.zoo.checkpoints.tensors import STORAGES, Storage, StoredTensor


class _Mark:
    """Where a run of values on the stack begins."""


class _Name(tuple[str, str]):
    """One of the known globals, which only `REDUCE` and a storage's description can use."""

    __slots__ = ()


_MARK = _Mark()
# Of the hash of integers in CPython.
MODULUS = 2**61 - 1
_DAMAGED = "is damaged: its description can't be followed. Download it again."
_CONSTANTS: dict[str, Callable[[], Any]] = {
    "NONE": lambda: None,
    "NEWTRUE": lambda: True,
    "NEWFALSE": lambda: False,
    "EMPTY_DICT": dict,
    "EMPTY_LIST": list,
    "EMPTY_TUPLE": tuple,
}
_TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
_VALUES = frozenset(
    (
        "BININT",
        "BININT1",
        "BININT2",
        "BINFLOAT",
        "LONG1",
        "SHORT_BINSTRING",
        "BINSTRING",
        "BINUNICODE",
        "SHORT_BINUNICODE",
    )
)


def read_pickle(
    data: Any, start: int, *, most_bytes: int, storages: dict[str, Storage]
) -> tuple[Any, int]:
    """One pickle as plain values, storages and tensors.

    Args:
        data: Bytes, or a memory-mapped file.
        start: Where it begins.
        most_bytes: The size of the file, which no tensor exceeds.
        storages: Those met are added, by key.

    Returns:
        What it describes, and where it ends.

    Raises:
        RefusedError: When it holds anything else, or can't be followed.
    """
    end = check(data, start)
    machine = _Machine(storages, most_bytes)
    try:
        for name, argument, _ in instructions(data, start):
            machine.step(name, argument)
        return machine.result(), end
    except (IndexError, KeyError) as error:
        # Taken from an empty stack, or from under a number that nothing was kept under.
        raise RefusedError(_DAMAGED) from error


class _Machine:
    def __init__(self, storages: dict[str, Storage], most_bytes: int) -> None:
        self.storages = storages
        self.most_bytes = most_bytes
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}
        self.copied = 0

    def result(self) -> Any:
        if len(self.stack) != 1 or self.stack[0] is _MARK:
            raise RefusedError(_DAMAGED)
        return self.stack[0]

    def pop(self) -> Any:
        value = self.stack.pop()
        if value is _MARK:
            raise RefusedError(_DAMAGED)
        return value

    def since_mark(self) -> list[Any]:
        for place in range(len(self.stack) - 1, -1, -1):
            if self.stack[place] is _MARK:
                values = self.stack[place + 1 :]
                del self.stack[place:]
                return values
        raise RefusedError(_DAMAGED)

    def top(self, kind: type) -> Any:
        if type(self.stack[-1]) is not kind:
            raise RefusedError(_DAMAGED)
        return self.stack[-1]

    def step(self, name: str, argument: Any) -> None:
        stack = self.stack
        if name in _VALUES:
            stack.append(argument)
        elif name in ("BINGET", "LONG_BINGET"):
            stack.append(self.memo[argument])
        elif name in ("BINPUT", "LONG_BINPUT", "MEMOIZE"):
            value = self.pop()
            stack.append(value)
            self.memo[len(self.memo) if argument is None else argument] = value
        elif name in _CONSTANTS:
            stack.append(_CONSTANTS[name]())
        elif name == "MARK":
            stack.append(_MARK)
        elif name == "TUPLE":
            stack.append(tuple(self.since_mark()))
        elif name in _TUPLES:
            values = [self.pop() for _ in range(_TUPLES[name])]
            stack.append(tuple(values[::-1]))
        elif name in ("APPEND", "APPENDS"):
            values = [self.pop()] if name == "APPEND" else self.since_mark()
            self.top(list).extend(values)
        elif name == "SETITEM":
            value, key = self.pop(), self.pop()
            self.store([key, value])
        elif name == "SETITEMS":
            self.store(self.since_mark())
        elif name == "GLOBAL":
            stack.append(_Name(argument))
        elif name == "STACK_GLOBAL":
            attribute, module = self.pop(), self.pop()
            if type(module) is not str or type(attribute) is not str:
                raise RefusedError(_DAMAGED)
            if (module, attribute) not in KNOWN:
                raise refused_names([f"{module}.{attribute}"])
            stack.append(_Name((module, attribute)))
        elif name == "REDUCE":
            arguments, called = self.pop(), self.pop()
            stack.append(self.call(called, arguments))
        elif name == "BUILD":
            # The versions of the modules, which PyTorch hangs on the OrderedDict.
            self.pop()
            self.top(dict)
        elif name == "BINPERSID":
            stack.append(self.storage(self.pop()))
        elif name == "POP":
            stack.pop()
        # PROTO and FRAME say nothing of the values, STOP ends the loop.

    def store(self, pairs: list[Any]) -> None:
        target = self.top(dict)
        if len(pairs) % 2:
            raise RefusedError(_DAMAGED)
        for key, value in zip(pairs[::2], pairs[1::2], strict=True):
            # Texts are hashed with a secret; integers below the modulus of Python's hash don't
            # collide, larger ones can be chosen so that all do.
            if not (type(key) is str or key is None or (type(key) is int and abs(key) < MODULUS)):
                raise RefusedError(
                    f"has a dict with {shown(_in_words(key))} for a key, which no state dict has: "
                    f"it is damaged or was made to do harm."
                )
            target[key] = value

    def call(self, called: Any, arguments: Any) -> Any:
        if not isinstance(called, _Name) or type(arguments) is not tuple:
            raise RefusedError(_DAMAGED)
        if called == ORDERED_DICT:
            return self.ordered(arguments)
        if called == REBUILD_PARAMETER and len(arguments) == 3:
            if isinstance(arguments[0], StoredTensor):
                return arguments[0]
        elif (called == REBUILD and len(arguments) in (6, 7)) or (
            called == REBUILD_V1 and len(arguments) == 4
        ):
            storage, offset, shape, strides = arguments[:4]
            _check_metadata(arguments[6:])
            if isinstance(storage, Storage):
                return storage.tensor(offset, shape, strides, most_bytes=self.most_bytes)
        raise RefusedError(_DAMAGED)

    def ordered(self, arguments: tuple[Any, ...]) -> dict[Any, Any]:
        """`OrderedDict()`, or with a list of pairs, as Python 2 wrote it."""
        self.stack.append({})
        if arguments:
            pairs = arguments[0]
            if len(arguments) > 1 or type(pairs) is not list:
                raise RefusedError(_DAMAGED)
            # A list told once can be copied by every instruction that follows.
            self.copied += len(pairs)
            if self.copied > MOST_INSTRUCTIONS:
                raise RefusedError(
                    f"copies {self.copied:,} values, which no weights need: it was made to do harm."
                )
            if not all(type(each) in (list, tuple) and len(each) == 2 for each in pairs):
                raise RefusedError(_DAMAGED)
            self.store([part for pair in pairs for part in pair])
        made: dict[Any, Any] = self.stack.pop()
        return made

    def storage(self, described: Any) -> Storage:
        """What PyTorch writes in the place of a storage, whose bytes lie elsewhere."""
        if type(described) is tuple and described and described[0] == "module":
            raise RefusedError(
                "is a whole pickled module and not its weights: reading it would run its Python "
                "code, so nothing was read. Where PyTorch is, save model.state_dict(): "
                "torch.save(model.state_dict(), 'weights.pth')."
            )
        if type(described) is not tuple or len(described) not in (5, 6):
            raise RefusedError(_DAMAGED)
        word, kind, key, _, count, *view = described
        if word != "storage" or not isinstance(kind, _Name) or kind[1] not in STORAGES:
            raise RefusedError(_DAMAGED)
        if type(key) is not str or type(count) is not int or not 0 <= count < 2**63:
            raise RefusedError(_DAMAGED)
        if view and view[0] is not None:
            raise RefusedError(
                "was saved by PyTorch 0.3 or older with views of storages, which are not read: "
                "load it with PyTorch and save it again."
            )
        storage = Storage(key, kind[1], count)
        if storage.bytes > self.most_bytes:
            raise RefusedError(
                f"describes a storage of {storage.bytes:,} bytes and has only "
                f"{self.most_bytes:,} itself: it is cut short, download it again."
            )
        known = self.storages.setdefault(key, storage)
        if (known.kind, known.count) != (storage.kind, storage.count):
            raise RefusedError(f"describes storage {shown(key)} in two ways: it is damaged.")
        return known


def _check_metadata(told: tuple[Any, ...]) -> None:
    """Refuse a tensor whose values are others than those that are stored."""
    for each in told:
        flags = each if type(each) is dict else {}
        lazy = [name for name in ("neg", "conj") if flags.get(name) not in (None, False)]
        if lazy:
            raise RefusedError(
                f"holds a tensor that PyTorch negates or conjugates only when it is used "
                f"('{lazy[0]}'): save it after tensor.resolve_{lazy[0]}()."
            )


def _in_words(key: Any) -> str:
    return f"the integer {key}" if type(key) is int else f"a {type(key).__name__.lstrip('_')}"
