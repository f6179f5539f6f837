"""Labels against the last layer and the loss: which class is too large, which shape is wanted."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Any

import numpy as np

from tfviz.catalogue.conditions.training import void_label
from tfviz.doctor.live.clues.case import Case, Mended, Settled, mends, says, settles
from tfviz.doctor.live.clues.fitting import Fit, fit_of, is_model, last_layer, units_of
from tfviz.doctor.live.clues.seen import (
    arrays_on_line,
    dtype_of,
    listed,
    locals_of,
    number,
    numbers_of,
    shape_of,
)
from tfviz.doctor.live.safely import is_a, maybe

_RANGE = re.compile(r"label value of (-?\d+) which is outside the valid range of \[0, (\d+)\)")
_LOSSES = ("loss.class_count", "loss.integer_labels_with_categorical", "loss.one_unit_for_classes",
           "loss.onehot_with_sparse_loss", "loss.missing_flatten", "loss.target_output_shape",
           "loss.output_size_differs", "loss.logits_labels_size", "loss.too_many_predictions",
           "loss.sequence_labels_vs_single_output", "loss.lengths_differ",
           "loss.softmax_over_one")  # fmt: skip


def labels_of(case: Case, size: int | None = None) -> tuple[str, np.ndarray] | None:
    """(name, values) of the labels: y of `fit`, else whole numbers on the line or in the function.

    Args:
        case: The case.
        size: What the largest or smallest of them must be, where it is known.
    """
    fit = fit_of(case)
    candidates: list[tuple[str, Any]] = []
    if fit is not None and fit.y is not None:
        candidates.append(fit.y)
    candidates += arrays_on_line(case)
    candidates += locals_of(case)
    for name, value in candidates:
        if type(value) in (list, tuple):
            value = np.asarray(value) if all(type(each) is int for each in value[:1000]) else None
        values = numbers_of(value)
        if values is None or not values.size or values.dtype.kind not in "fiu":
            continue
        several = values.ndim > 2 or (values.ndim == 2 and values.shape[1] != 1)
        if several and (size is None or values.dtype.kind == "f"):
            continue
        if size is None or np.any(values == size):
            return name, values
    return None


def model_of(case: Case) -> Any:
    """The model of `fit`, else the only one that the line's function can see."""
    fit = fit_of(case)
    if fit is not None and is_model(fit.model):
        return fit.model
    found = {}
    for frame in (case.own, *case.callers[:2]):
        for names in (frame.locals, frame.globals):
            found.update({id(v): v for v in list(names.values())[:500] if is_model(v)})
        if found:
            break
    return next(iter(found.values())) if len(found) == 1 else None


@settles("loss.label_out_of_range")
def which_range(case: Case) -> Settled | None:
    """All labels tell more than those of one batch: they start at 1, or there are more classes."""
    match = _RANGE.search(case.message)
    if match is None:
        return None
    label, units = int(match[1]), int(match[2])
    found = labels_of(case, label)
    groups = {"label": match[1], "classes": match[2]}
    if found is None or label < 0 or units == 1:
        return None
    low, high = int(found[1].min()), int(found[1].max())
    if void_label({int(each) for each in np.unique(found[1])[:1000]}, units) is not None:
        return Settled("loss.label_out_of_range.void", groups)
    if low == 1 and high == units:
        return Settled("loss.label_out_of_range.off_by_one", groups)
    if low >= 0 and high < 4 * units and len(np.unique(found[1])) <= max(2 * units, 20):
        return Settled("loss.label_out_of_range.too_few_units", groups)
    return None


@says("loss.label_out_of_range", "torch.target_out_of_range", "loss.to_categorical_range")
def labels_and_units(case: Case) -> Iterator[str]:
    """From where to where the labels run, and how many units there are."""
    match = _RANGE.search(case.message)
    if match is None:
        yield from _plain_range(case)
        return
    label, units = int(match[1]), int(match[2])
    found = labels_of(case, label)
    last = _unit_name(case, units)
    allowed = "label 0 alone" if units == 1 else f"labels 0 to {units - 1}"
    if found is None:
        fit = fit_of(case)
        source = f" of `{fit.x[0]}`" if fit is not None and fit.x is not None else ""
        yield f"A batch{source} holds label {label}, and {last} {number(units, 'unit')}: {allowed}."
        return
    name, values = found
    count = int(np.count_nonzero((values >= units) | (values < 0)))
    kinds = len(np.unique(values))
    yield (
        f"`{name}` runs from {_plain(values.min())} to {_plain(values.max())} ({kinds} different "
        f"values), and {last} {number(units, 'unit')}: {allowed}. Out of range: label {label}, and "
        f"{count} of the {values.size} labels in all."
    )
    low, high = int(values.min()), int(values.max())
    if case.is_about(["loss.label_out_of_range.void"]):
        return
    if low == 1 and high == units:
        yield f"They count from 1: `{name} - 1` runs from 0 to {units - 1}."
    elif low >= 0 and kinds == high + 1:
        yield f"There are {kinds} classes, 0 to {kinds - 1}: the last layer needs {number(kinds, 'unit')}."
    elif kinds <= units:
        yield "The values have gaps: `np.unique(y, return_inverse=True)[1]` numbers them from 0."


@mends("loss.label_out_of_range.void")
def loss_that_passes_over(case: Case) -> Mended | None:
    """The loss under its name, with `from_logits` as it is now."""
    fit = fit_of(case)
    found = [("", maybe(fit.model, "loss"))] if fit is not None else []
    found += [(ast.unparse(each.func), case.line.maybe(each.func)) for each in case.line.calls()]
    for name, loss in found:
        if is_a(loss, "keras", "Loss") and type(loss).__name__ == "SparseCategoricalCrossentropy":
            settings = maybe(loss, "_fn_kwargs")
            logits = type(settings) is dict and settings.get("from_logits") is True
            made = f"{'from_logits=True, ' * logits}ignore_class=255"
            code = f"keras.losses.SparseCategoricalCrossentropy({made})"
            return Mended(code=f"{name or 'loss'} = {code}")
    return None


def _plain_range(case: Case) -> Iterator[str]:
    found = labels_of(case)
    if found is not None:
        name, values = found
        yield f"`{name}` runs from {_plain(values.min())} to {_plain(values.max())}."


def _unit_name(case: Case, units: int) -> str:
    last = units_of(model_of(case))
    if last is not None and last[1] == units:
        return f"the last layer, '{last[0]}', has"
    return "the output has"


def _plain(value: Any) -> str:
    return f"{value:.6g}"


@says(*_LOSSES)
def labels_and_output(case: Case) -> Iterator[str]:
    """What the labels are, what the model gives, and what the loss takes."""
    fit = fit_of(case)
    if fit is None or not is_model(fit.model):
        yield from _in_a_loop(case)
        if fit is not None:
            yield from _as_told(case, fit)
        return
    output = maybe(fit.model, "output_shape")
    last = units_of(fit.model)
    name, labels = _labels(fit)
    if labels is not None:
        yield f"{_describe(name, labels)}; the loss is {_loss(fit.model)}."
    if isinstance(output, tuple) and last is not None:
        what = number(last[1], "unit")
        told = re.search(r"target\.shape=(\([^)]*\))", case.message)
        if labels is None and told:
            yield f"The labels come as {told[1]}; the loss is {_loss(fit.model)}."
        yield f"`{fit.name}` gives {output}: its last layer, '{last[0]}', has {what}."
        if labels is not None:
            yield from _advice(labels, output, _loss(fit.model), fit)


def _labels(fit: Fit) -> tuple[str, Any]:
    if fit.y is not None:
        return fit.y[0], fit.y[1] if shape_of(fit.y[1]) is not None else None
    spec = maybe(fit.x[1], "element_spec") if fit.x is not None else None
    if type(spec) is tuple and len(spec) > 1 and fit.x is not None:
        return f"the labels of `{fit.x[0]}`", spec[1]
    return "", None


def _describe(name: str, labels: Any) -> str:
    shape = _shape(labels)
    # A phrase isn't a name.
    said = f"{name[0].upper()}{name[1:]} are {shape}" if " " in name else f"`{name}` is {shape}"
    numbers = numbers_of(labels)
    if numbers is None or not numbers.size or numbers.dtype.kind not in "fiub":
        return f"{said} {dtype_of(labels)}".rstrip()
    if numbers.ndim == 2 and numbers.shape[1] > 1 and np.all(np.isin(numbers, (0, 1))):
        hot = " (one-hot)" if np.all(numbers.sum(axis=1) == 1) else ""
        return f"{said}, zeros and ones{hot} for {numbers.shape[1]} classes"
    kinds = len(np.unique(numbers))
    told = f"{said}, {dtype_of(labels)} from {_plain(numbers.min())} to {_plain(numbers.max())}"
    return told if numbers.dtype.kind == "f" else f"{told}, {kinds} different values"


def _shape(labels: Any) -> Any:
    shape = shape_of(labels)
    if shape is None and is_a(labels, "tensorflow", "TensorSpec"):
        return tuple(maybe(labels, "shape"))
    return shape


def _loss(model: Any) -> str:
    loss = maybe(model, "loss")
    if isinstance(loss, str):
        return f"'{loss}'"
    return type(loss).__name__ if not callable(loss) or is_a(loss, "keras", "Loss") else "your own"


def _advice(labels: Any, output: tuple[Any, ...], loss: str, fit: Fit) -> Iterator[str]:
    shape = _shape(labels)
    if shape is None:
        return
    if len(output) > 2 and len(shape) < len(output):
        yield (
            f"The output still has {number(len(output) - 2, 'axis', 'axes')} of places, {output[1:-1]}: there is no "
            f"Flatten or GlobalAveragePooling2D before '{maybe(last_layer(fit.model), 'name')}'."
        )
    elif "sparse" in loss.lower() and len(shape) == 2 and shape[-1] == output[-1]:
        yield "The labels are one-hot, and a sparse loss takes class numbers."
    elif "categorical" in loss.lower() and "sparse" not in loss.lower() and len(shape) < 2:
        yield "The labels are class numbers, and this loss takes one-hot rows."
    elif len(shape) == 2 and shape[-1] not in (1, output[-1]):
        yield f"The labels have {shape[-1]} columns, so the last layer needs {number(int(shape[-1]), 'unit')}, not {output[-1]}."


def _as_told(case: Case, fit: Fit) -> Iterator[str]:
    """Where the model can't be read: what the error says of both, with the names on the line."""
    told = re.search(r"target\.shape=(\([^)]*\)), output\.shape=(\([^)]*\))", case.message)
    if told is None or fit.x is None:
        return
    units = re.findall(r"\d+", told[2])
    said = f", so its last layer has {number(int(units[-1]), 'unit')}" if units else ""
    yield f"The labels of `{(fit.y or fit.x)[0]}` are {told[1]}, and the model gives {told[2]}{said}."
    names = maybe(fit.x[1], "class_names")
    if type(names) is list and all(type(each) is str for each in names[:100]):
        yield f"`{fit.x[0]}` has {len(names)} classes: {listed([repr(n) for n in names[:100]], 6)}."


def _in_a_loop(case: Case) -> Iterator[str]:
    """Where the loss is called by hand."""
    told = 0
    for name, value in arrays_on_line(case):
        if shape_of(value) is not None and told < 2:
            yield f"{_describe(name, value)}."
            told += 1


@says("data.cardinality", "loss.lengths_differ", "numpy.boolean_index")
def how_many_each(case: Case) -> Iterator[str]:
    """The number of samples of each array, by name."""
    fit = fit_of(case)
    pairs = list(fit.arrays()) if fit is not None else arrays_on_line(case)[:3]
    told = [(n, (shape_of(v) or (None,))[0], shape_of(v)) for n, v in pairs if shape_of(v)]
    if len({size for _, size, _ in told}) < 2:
        return
    yield f"{'; '.join(f'`{n}` has {size} samples, {shape}' for n, size, shape in told[:4])}."
    if fit is None:
        return
    given = {name for name, _, _ in told}
    for name, size, _ in told[:1]:
        fits = {
            each
            for each, value in [*locals_of(case), *_globals(case)]
            if (shape_of(value) or (None,))[0] == size and each not in given
        }
        if len(fits) == 1:
            yield f"`{fits.pop()}` has {size} samples, as `{name}` has."


def _globals(case: Case) -> Iterator[tuple[str, Any]]:
    for name, value in list(case.own.globals.items())[:500]:
        if shape_of(value):
            yield name, value
