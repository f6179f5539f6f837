"""Conditions on shapes, labels, data, training and memory.

Framework messages give two shapes, or a shape and a number of axes; the same words stand for a
dozen slips. Each of the functions that end in `_kind` names the one slip that the numbers fit, so
that the diagnoses over one message exclude each other.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection

from tfviz.catalogue.conditions.registry import PREDICATES, numbers
from tfviz.catalogue.conditions.shape_text import Shape, product, shape_of
from tfviz.catalogue.report import ErrorBlock, Report

# None is an axis of unknown length.
Kind = Callable[["Report", "ErrorBlock | None", "re.Match[str]"], str]


def _group(match: re.Match[str], name: str) -> str | None:
    return match.groupdict().get(name)


def _fits(have: Shape, need: Shape) -> bool:
    pairs = zip(have, need, strict=True) if len(have) == len(need) else ()
    return len(have) == len(need) and all(None in pair or len(set(pair)) == 1 for pair in pairs)


def _square(number: int) -> bool:
    return number > 0 and math.isqrt(number) ** 2 == number


# ---- what went into a layer


def _input_kind(report: Report, block: ErrorBlock | None, match: re.Match[str]) -> str:
    have = shape_of(_group(match, "have"))
    need = shape_of(_group(match, "need"))
    if need is not None and have is not None:
        if need[:1] != (None,) and len(need) == len(have) and _group(match, "without_batch"):
            need, have = (None, *need), (None, *have)
        return _kind_of_full(need, have)
    value = _group(match, "value")
    if value is not None and have:
        return _kind_of_axis(int(value), have)
    wanted = int(_group(match, "ndim") or 0)
    found = len(have) if have is not None else int(_group(match, "found") or 0)
    if not wanted or not found:
        return ""
    return _kind_of_ndim(wanted, found, have, block, _group(match, "layer") or "")


def _kind_of_full(need: Shape, have: Shape) -> str:
    short = len(need) - len(have)
    if short == 1:
        return _kind_one_axis_short(need, have)
    if short > 1:
        return "too_few"
    if short < 0:
        if len(need) == 2 and need[1] and product(have[1:]) == need[1]:
            return "not_flattened"
        if short == -1 and (_fits(have[1:], need) or _fits((have[0], *have[2:]), need)):
            return "extra_batch"
        return "too_many"
    if need[0] is not None and have[0] is not None and need[0] != have[0]:
        return "fixed_batch" if _fits(have[1:], need[1:]) else ""
    if len(need) >= 4:
        return _kind_of_pictures(need[-1], need, have)
    if len(need) == 3:
        return "sequence" if not _fits(have[1:2], need[1:2]) else "features"
    if len(need) == 2 and need[1]:
        return _kind_of_axis(need[1], have)
    return ""


def _kind_one_axis_short(need: Shape, have: Shape) -> str:
    if len(need) == 2:
        return "one_dimensional"
    if len(need) == 3:
        return "no_batch" if have[0] is not None and _fits(have, need[1:]) else "no_time"
    if need[-1] == 1 and _fits(have[1:], need[1:-1]) and have[-1] not in (1, None):
        return "no_channel"
    if _fits(have, need[1:]):
        return "no_batch"
    if len(need) == 4 and have[-1] in (1, 3, 4):
        return "no_batch"
    return "no_channel" if len(need) == 4 and need[-1] == 1 else "too_few"


def _kind_of_pictures(channels: int | None, need: Shape, have: Shape) -> str:
    last = have[-1]
    if channels is not None and last is not None and channels != last:
        if channels in (1, 3, 4) and last in (1, 2, 3, 4):
            return "gray"
        if channels <= 4 and have[1] == channels:
            return "channels_first"
        return "features"
    return "image_size" if not _fits(have, need) else ""


def _kind_of_axis(value: int, have: Shape) -> str:
    last = have[-1]
    if len(have) >= 4:
        if value in (1, 3, 4) and last in (1, 2, 3, 4):
            return "gray"
        if value <= 4 and have[1] == value:
            return "channels_first"
    if len(have) >= 3 and (product(have[1:]) == value or product(have) == value):
        return "not_flattened"
    if len(have) == 2 and last:
        if last == 1 and value > 1:
            return "one_sample"
        if last * last == value or (have[0] and have[0] * last == value):
            return "not_flattened"
        if _maps_of_two_sizes(value, last):
            return "flat_size"
    return "features"


def _maps_of_two_sizes(one: int, other: int) -> bool:
    """Whether both are a number of channels times a square: flattened maps of two picture sizes."""
    if min(one, other) < 64:
        return False
    common = math.gcd(one, other)
    channels = (each for each in (8, 16, 24, 32, 48, 64, 96, 128, 256, 320, 512, 1024, 1280, 2048))
    return any(
        common % each == 0 and _square(one // each) and _square(other // each) for each in channels
    )


def _kind_of_ndim(
    wanted: int, found: int, have: Shape | None, block: ErrorBlock | None, layer: str
) -> str:
    if found > wanted:
        if wanted == 2:
            return "not_flattened"
        doubled = have is not None and (1 in have[:2] or (have[1] is None and None not in have[2:]))
        return "extra_batch" if doubled and wanted == 4 and found == 5 else "too_many"
    if wanted == 2:
        return "one_dimensional"
    if wanted == 3:
        stacked = re.match(r"(?:lstm|gru|simple_rnn|bidirectional|rnn)_\d+$", layer)
        if found == 2 and block is not None and stacked and _builds(block):
            return "no_sequences"
        return "no_time"
    if wanted == 4 and found == 3 and have is not None:
        if have[-1] in (1, 3, 4):
            return "no_batch"
        if have[-1] is not None:
            return "no_channel"
    return "too_few"


_BUILDING = re.compile(r"\.add\(|\b(?:LSTM|GRU|SimpleRNN|Bidirectional|RNN|Sequential|Model)\(")


def _builds(block: ErrorBlock) -> bool:
    """Whether the user's line builds a model, not feeds it."""
    frame = block.own_frame
    return frame is not None and bool(_BUILDING.search(frame.code))


# ---- what came out, and what it should have been


def _target_kind(report: Report, block: ErrorBlock | None, match: re.Match[str]) -> str:
    target, output = shape_of(_group(match, "target")), shape_of(_group(match, "output"))
    axes = _group(match, "axes")
    if target is None:
        return ""
    if axes is not None:
        # Keras 2: 'expected dense_1 to have 4 dimensions, but got array with shape (60000, 10)'.
        return "not_pooled" if len(target) < int(axes) else "sequence"
    if output is None:
        return "integers" if target[-1] == 1 or len(target) == 1 else ""
    if _group(match, "without_batch") and output[:1] != (None,):
        target, output = (None, *target), (None, *output)
    if not target or not output:
        return "rank_unknown" if len(output) >= 3 else ""
    if len(target) >= 4 and target[0] is not None and target[0] == target[1]:
        return ""  # kernels of a convolution, not batches
    known = target[0] is None or output[0] is None or target[0] == output[0]
    if not known:
        return ""
    if len(target) < len(output):
        return "not_pooled" if len(output) >= 3 else "integers"
    if len(target) > len(output):
        return "sequence"
    return _kind_of_last(target, output)


def _kind_of_last(target: Shape, output: Shape) -> str:
    last, units = target[-1], output[-1]
    if last is None or units is None or last == units:
        same = _fits(target[1:], output[1:])
        return "" if same or len(target) < 3 else "output_size"
    if len(target) >= 3 and (last == 1 or units == 1) and len(target) == 4:
        return "mask_channels"
    if last == 1:
        return "integers"
    return "one_unit" if units == 1 else "classes"


def _sparse_kind(report: Report, block: ErrorBlock | None, match: re.Match[str]) -> str:
    """The same for losses that take integer labels."""
    target, output = shape_of(_group(match, "target")), shape_of(_group(match, "output"))
    if not target or not output:
        return ""
    if len(target) == 1 and len(output) == 2 and target[0] and output[0] and output[1]:
        return _kind_of_first(target[0], output[0], output[1])
    if len(output) > len(target) + 1:
        return "not_pooled"
    if len(target) == len(output):
        if target[-1] == output[-1]:
            return "onehot"
        return "one_unit" if output[-1] == 1 else "sequence"
    return "sequence" if len(target) > len(output) else ""


def _kind_of_first(labels: int, rows: int, classes: int) -> str:
    if labels == rows * classes and classes > 1:
        return "onehot"
    if labels > rows and labels % rows == 0:
        return "one_unit" if classes == 1 else "sequence"
    if rows > labels and rows % labels == 0:
        return "many_logits"
    return "lengths"


# ---- label values


def void_label(values: Collection[int], classes: int) -> int | None:
    """The label of pixels without a class: 255, where all the others are classes; else None.

    A mask of 0 and 255, or one that was smoothed, has fewer than two classes or more outside.
    """
    outside = {each for each in values if not 0 <= each < classes}
    inside = len(set(values)) - len(outside)
    return 255 if outside == {255} and inside > 1 else None


def _label_kind(report: Report, block: ErrorBlock | None, match: re.Match[str]) -> str:
    """Which slip labels outside [0, classes) come from; the message prints those of the batch."""
    classes = int(match["classes"])
    values = [int(each) for each in re.findall(r"-?\d+", _group(match, "values") or "")]
    values.append(int(match["label"]))
    low, high, distinct = min(values), max(values), len(set(values))
    if low < 0:
        return "negative"
    if classes <= 1 and high >= 1:
        return "one_unit"
    if void_label(set(values), classes) is not None:
        return "void"
    pictures = high == 255 or (high > 150 and distinct >= 10)
    if pictures and high <= 255 and classes <= 100:
        return "pixels"
    if high == classes and 0 not in values and low >= 1 and len(values) > 2:
        return "off_by_one"
    return "too_few_units"


# ---- memory

_LOOPED = re.compile(r"[A-Za-z]\w*?_(\d{3,6})\b")
_NODE = re.compile(r"(?:\{\{node |\[\[[Nn]ode:? )([\w./-]+)")
_ON_CPU = re.compile(r"_device=\"[^\"]*/(?:device:)?cpu:\d", re.IGNORECASE)
_ON_GPU = re.compile(r"(?:device:|/)gpu:\d|GPU_\d", re.IGNORECASE)
_SLOTS = re.compile(
    r"(?:Adam|RMSProp|Momentum|Adagrad|Adadelta|Ftrl|Nadam|AdamW|ExponentialMovingAverage)\w*"
    r"/(?:Initializer|zeros)|/(?:Adam|RMSProp|Momentum|Adagrad)(?:_1)?/|"
    r"optimizer\.build|_create_slots|add_variable_from_reference|zeros_slot|"
    r"in _resource_(?:apply|scatter)\w*|in _apply_(?:dense|sparse)\w*"
)
TINY = 4_000_000  # numbers: 16 MB; a GPU that can't give that is full of something else
LOOPED = 400  # no single model has a layer of one kind with this number


def _memory_kind(report: Report, block: ErrorBlock | None, match: re.Match[str]) -> str:
    """What a tensor that found no room on the GPU was for."""
    where = _group(match, "where") or ""
    if re.search(r"device:CPU|\bby allocator (?:cpu|mklcpu)\b", where):
        return "host"
    if not where and _ON_CPU.search(report.flat) and not _ON_GPU.search(report.flat):
        return "host"
    nodes = " ".join(_NODE.findall(report.flat))
    if any(int(each) >= LOOPED for each in _LOOPED.findall(nodes)):
        return "loop"
    frames = " ".join(str(frame) for frame in block.frames) if block is not None else ""
    if _SLOTS.search(nodes) or _SLOTS.search(frames):
        return "slots"
    shape = tuple(numbers(_group(match, "shape")))
    if not shape:
        return "batch"
    size = math.prod(shape)
    if size < TINY:
        return "taken"
    if len(shape) == 2 and max(shape) >= 30_000:
        return _matrix_kind(shape, f"{nodes} {frames}")
    if shape[0] >= 2_000 and len(shape) >= 2:
        return "whole"
    if shape[0] == 1 and len(shape) >= 4:
        return "picture"
    return "batch"


def _matrix_kind(shape: tuple[int, ...], names: str) -> str:
    """Weights of a Dense layer behind Flatten, or a table of a vocabulary."""
    if re.search(r"embed|lookup|Gather|IndexedSlices|sparse", names):
        return "table"
    if re.search(r"(?i)dense|\bfc\d?\b|fully_connected", names) or max(shape) >= 2_000_000:
        return "dense"
    if min(shape) < 512:
        return "table"
    # What Flatten gives is height * width * channels; the number of words is any number.
    return "matrix" if max(shape) % 64 else "dense_likely"


# ---- small ones


def _kinds(prefix: str, kind: Kind, names: str) -> None:
    """A condition for each kind: `input_no_batch` for 'no_batch'."""

    def condition(name: str) -> Callable[[Report, ErrorBlock | None, re.Match[str]], bool]:
        return lambda report, block, match: kind(report, block, match) == name

    for name in names.split():
        PREDICATES[f"{prefix}_{name}"] = condition(name)


_kinds(
    "input",
    _input_kind,
    "no_batch no_channel no_time no_sequences too_few one_dimensional too_many extra_batch gray "
    "not_flattened channels_first image_size sequence features flat_size one_sample fixed_batch",
)
_kinds(
    "target",
    _target_kind,
    "integers not_pooled sequence output_size mask_channels one_unit classes rank_unknown",
)
_kinds("sparse", _sparse_kind, "onehot sequence one_unit many_logits lengths not_pooled")
_kinds("labels", _label_kind, "negative one_unit void pixels off_by_one too_few_units")
_kinds(
    "oom", _memory_kind, "host loop slots taken dense dense_likely matrix table whole picture batch"
)
