"""Where emptiness comes from: what can be known of an iterable before it is walked through.

`trace` looks without taking anything: at the state of a generator, at what a genexpr, a map or a
filter goes over, at the folder and pattern of a glob. After the walk has given nothing, the trace
says why; a generator that is used up looks like any other by then.
"""

from __future__ import annotations

import inspect
import itertools
import operator
import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from types import GeneratorType
from typing import Any

from tfviz.arrays.callers import split_glob, what_is_wrong
from tfviz.arrays.kinds import is_array, kind_of, shape_text

# A chain of iterators that is longer tells nobody anything.
_DEPTH = 6


@dataclass(frozen=True, slots=True)
class Origin:
    """What the parts come from.

    Attributes:
        what: A noun phrase: 'the generator expression at line 3 of train.py'.
        why: Why nothing came, as the verb of a sentence about it, where that is certain.
        known: Whether `why` names the source, so that no list of possibilities is needed.
        dataset: Whether this is a tf.data dataset or its iterator.
        endless: Whether it never ends.
        glob: Folder and pattern that it lists.
        below: What this goes over.
    """

    what: str
    why: str | None = None
    known: bool = True
    dataset: bool = False
    endless: bool = False
    glob: tuple[str, str] | None = None
    below: tuple[Origin, ...] = ()

    @property
    def tells(self) -> bool:
        """Whether the emptiness, if there is any, starts here."""
        return self.why is not None or self.glob is not None

    def through(self, flag: str) -> Origin | None:
        """The first of the chain of which something is true; of a zip, only if of all it joins."""
        if getattr(self, flag):
            return self
        found = [each.through(flag) for each in self.below]
        return found[0] if found and all(found) else None


def trace(source: Any, depth: int = _DEPTH) -> Origin:
    """Looks at an iterable, and at what it goes over, without taking anything from it."""
    if depth == 0:
        return Origin(f"a {type(source).__name__}", known=False)
    if isinstance(source, GeneratorType):
        return _generator(source, depth)
    if _is_dataset(source):
        return _dataset(source)
    if type(source).__module__.startswith("tensorflow.") and hasattr(source, "get_next"):
        why = "is used up, or its dataset is empty: take a new one, iter(dataset)"
        return Origin("an iterator of a dataset", why, dataset=True)
    if isinstance(source, (map, filter, zip, enumerate)):
        return _chained(source, depth)
    if isinstance(source, (itertools.count, itertools.cycle, itertools.repeat)):
        endless = operator.length_hint(source, -1) < 0
        return Origin(f"itertools.{type(source).__name__}", endless=endless)
    if isinstance(source, Mapping):
        return Origin("the dict", None if source else "is empty")
    name = type(source).__name__
    if name in ("dict_values", "dict_keys", "dict_items"):
        empty = None if len(source) else "are empty, as the dict is"
        return Origin(f"the {name[5:]} of the dict", empty)
    if name.endswith(("_iterator", "keyiterator", "valueiterator", "itemiterator")):
        return _plain_iterator(source, name)
    if is_array(source):
        what = f"an array of shape {shape_text(kind_of(source).shape(source))}"
        return Origin(what, "has no items: its first axis has length 0")
    return Origin(f"the {name}", None if _length(source) else "is empty", known=False)


def why_empty(origin: Origin) -> tuple[str, bool]:
    """One or two sentences about where the emptiness most likely came from, and if that is sure."""
    chain: list[Origin] = [origin]
    while chain[-1].below:
        # The deepest that is known to be empty; else the only one that is gone over.
        chain.append(next((each for each in chain[-1].below if each.tells), chain[-1].below[0]))
    told = next((each for each in reversed(chain) if each.tells), None)
    if told is None:
        said = f"{origin.what} gave nothing"
        if len(chain) > 1:
            said += f", though it goes over {chain[-1].what}: its condition let nothing through"
        return f"{_start(said)}.", True
    path = " goes over ".join(each.what for each in chain[: chain.index(told)])
    said = f"{path} goes over {told.what}, which" if path else told.what
    if told.glob:
        return f"{_start(said)} finds nothing. {what_is_wrong(*told.glob)}", True
    said = f"{_start(said)} {told.why}."
    if not told.known:
        said += (
            " Most likely, in this order: the folder or pattern that the files come from holds "
            "none (tfviz.image_files(folder, pattern) says why), a filter or threshold let "
            "nothing through, or an earlier loop had used up the generator it was filled from."
        )
    return said, told.known


def _generator(source: GeneratorType[Any, Any, Any], depth: int) -> Origin:
    code = source.gi_code
    place = f"line {code.co_firstlineno} of {os.path.basename(code.co_filename)}"
    what = f"the generator {code.co_name}() of {place}"
    if code.co_name == "<genexpr>":
        what = f"the generator expression of {place}"
    state = inspect.getgeneratorstate(source)
    frame = source.gi_frame
    if state == inspect.GEN_CLOSED or frame is None:
        again = "make it anew, or keep its items: parts = list(parts)"
        return Origin(what, f"was already used up before the call: {again}")
    if state == inspect.GEN_SUSPENDED:
        why = f"was begun before the call and had nothing left (it stood at line {frame.f_lineno})"
        return Origin(what, f"{why}: make it anew, or keep its items: parts = list(parts)")
    local = frame.f_locals
    if code.co_name in ("glob", "rglob") and "pattern" in local and "self" in local:
        pattern = str(local["pattern"])
        pattern = f"**/{pattern}" if code.co_name == "rglob" else pattern
        return _glob(str(local["self"]), pattern)
    if code.co_name == "_iglob" and isinstance(local.get("pathname"), str):
        return _glob(*split_glob(local["pathname"]))
    if ".0" in local:
        return Origin(what, below=(trace(local[".0"], depth - 1),))
    return Origin(what, "ended before its first yield: look at its loop and conditions")


def _glob(folder: str, pattern: str) -> Origin:
    return Origin(f"the glob {os.path.join(folder, pattern)!r}", glob=(folder, pattern))


def _chained(source: Any, depth: int) -> Origin:
    arguments = source.__reduce__()[1]
    if isinstance(source, zip):
        over = arguments
    elif isinstance(source, enumerate):
        over = arguments[:1]
    else:
        over = arguments[1:]
    below = tuple(trace(each, depth - 1) for each in over)
    name = type(source).__name__
    if isinstance(source, (map, filter)):
        function = getattr(arguments[0], "__name__", None)
        name = f"{name}({function or arguments[0]}, ...)"
    return Origin(f"a {name}", below=below)


def _plain_iterator(source: Any, name: str) -> Origin:
    kind = re.sub(r"_?(?:reverse|key|value|item)?_?iterator$", "", name)
    if operator.length_hint(source, -1) != 0:
        return Origin(f"a {kind} of {operator.length_hint(source, 0)}", known=False)
    # An exhausted iterator has forgotten its position.
    if kind in ("list", "tuple", "str") and len(source.__reduce__()) == 3:
        return Origin(f"a {kind}", "is empty", known=False)
    return Origin(f"an iterator of a {kind}", f"is used up, or the {kind} is empty")


def _is_dataset(source: Any) -> bool:
    module = sys.modules.get("tensorflow")
    data = getattr(module, "data", None) if module else None
    kind = getattr(data, "Dataset", None)
    return kind is not None and isinstance(source, kind)


def _dataset(source: Any) -> Origin:
    try:
        count = int(source.cardinality()) if sys.modules["tensorflow"].executing_eagerly() else -2
    except (TypeError, ValueError, AttributeError):
        count = -2
    fixed = [s.shape[0] for s in _specs(source.element_spec) if s.shape.rank]
    why = "gave nothing: its filter, take, skip or source let nothing through"
    if count == 0:
        why = "has no elements (cardinality 0): look at its source, take and skip"
    if any(fixed):
        size = next(each for each in fixed if each)
        why += f"; batch({size}, drop_remainder=True) also drops a last batch of fewer than {size}"
    return Origin("the dataset", why, dataset=True, endless=count == -1)


def _specs(spec: Any) -> list[Any]:
    if isinstance(spec, Mapping):
        return [each for value in spec.values() for each in _specs(value)]
    if isinstance(spec, (tuple, list)):
        return [each for value in spec for each in _specs(value)]
    return [spec] if hasattr(spec, "shape") else []


def _length(source: Any) -> bool:
    try:
        return len(source) > 0
    except TypeError:
        return True


def _start(text: str) -> str:
    return text[0].upper() + text[1:]
