"""The first batch against the model and its loss: a sentence before the first step.

What is found here would otherwise become a NaN, a loss that never falls, or an error inside a
compiled graph. One batch is looked at, on the host, with the predictions that the metrics were
built with.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import tensorflow as tf

from tfviz.errors import InputError
from tfviz.train.batches import unpack

# How far the sum of float32 probabilities may be from 1, in 16 bits too.
SUM_TOLERANCE = 0.02
SPARSE, ONE_HOT, BINARY = (
    "sparse_categorical_crossentropy",
    "categorical_crossentropy",
    "binary_crossentropy",
)
ELEMENTWISE = {
    "mse", "mae", "msle", "mape", "huber", "log_cosh", "logcosh", "mean_squared_error",
    "mean_absolute_error", "mean_squared_logarithmic_error", "mean_absolute_percentage_error",
    "huber_loss", BINARY, "binary_focal_crossentropy", "poisson",
}  # fmt: skip
_SHORT = {
    "SparseCategoricalCrossentropy": SPARSE,
    "CategoricalCrossentropy": ONE_HOT,
    "BinaryCrossentropy": BINARY,
    "MeanSquaredError": "mse",
    "MeanAbsoluteError": "mae",
    "Huber": "huber",
}


def check_batch(batch: Any, objective: Any, *, finite: bool = True, name: str = "data") -> None:
    """Refuse a batch that the loss can't be right on.

    Args:
        batch: The first batch.
        objective: What is minimised, with its model and losses.
        finite: Whether a value that isn't finite is refused; the guard takes care of it otherwise.
        name: Where the batch comes from, as the argument is called.

    Raises:
        InputError: With what was found in which part of the batch, and what to do.
    """
    try:
        _check(batch, objective, finite)
    except InputError as error:
        if name == "data":
            raise
        raise InputError(f"{name}=: {error}") from error


def _check(batch: Any, objective: Any, finite: bool) -> None:
    _require_samples(batch)
    if finite:
        _require_finite(batch)
    _require_inputs(unpack(batch)[0], objective.model)
    losses = tf.nest.flatten(objective.losses) if objective.losses else []
    if not losses:
        return
    y = unpack(batch)[1]
    if y is None:
        raise InputError(
            "The data gives inputs only, and the loss compares with labels: give batches of "
            "(x, y). For a model that learns from inputs alone pass (x, x), or add its loss in "
            "the model (add_loss) and leave loss= away."
        )
    predictions = tf.nest.flatten(objective.example(batch))
    labels = tf.nest.flatten(y)
    if not len(losses) == len(labels) == len(predictions):
        return  # Keras says what it makes of other structures
    names = getattr(objective.model, "output_names", None) or range(len(losses))
    for name, loss, label, prediction in zip(names, losses, labels, predictions, strict=False):
        if loss is not None:
            where = "" if len(losses) == 1 else f" of output '{name}'"
            _check_output(where, loss, np.asarray(label), np.asarray(prediction, np.float32))


def _require_samples(batch: Any) -> None:
    for path, part in _parts(batch):
        if part is not None and tf.is_tensor(part) and part.shape.rank == 0:
            raise InputError(
                f"{path} of the first batch is a single value of shape (): the dataset gives "
                f"samples, not batches. Put .batch(32) behind it."
            )


def _require_finite(batch: Any) -> None:
    for path, part in _parts(batch):
        if part is None or isinstance(part, (tf.RaggedTensor, tf.SparseTensor)):
            continue
        values = np.asarray(part)
        if not np.issubdtype(values.dtype, np.floating) or np.isfinite(values).all():
            continue
        wrong = ~np.isfinite(values)
        rows = np.flatnonzero(wrong.reshape(len(values), -1).any(axis=1))
        kind = "NaN" if np.isnan(values).any() else "inf"
        raise InputError(
            f"{path} of the first batch holds {kind}: {wrong.sum()} of {values.size} values, in "
            f"{len(rows)} of {len(values)} samples (the first is number {rows[0]}). A loss "
            f"computed from it is NaN, and every weight after it. Look for a division by zero, a "
            f"missing value in a table or a broken file where the data is made; np.nan_to_num or "
            f"dropping those rows mends it. on_nonfinite='skip' passes over such batches."
        )


def _require_inputs(x: Any, model: Any) -> None:
    """One tensor against the shape that a functional or sequential model says it takes."""
    wanted = getattr(model, "input_shape", None)
    if not tf.is_tensor(x) or not isinstance(wanted, tuple) or not wanted:
        return
    if not all(each is None or isinstance(each, int) for each in wanted):
        return
    given = tuple(x.shape)
    # Keras adds or takes away a last axis of 1 by itself.
    mine = given[:-1] if len(given) == len(wanted) + 1 and given[-1] == 1 else given
    its = wanted[:-1] if len(wanted) == len(mine) + 1 and wanted[-1] == 1 else wanted
    fits = len(mine) == len(its) and all(
        theirs is None or own == theirs for own, theirs in zip(mine[1:], its[1:], strict=True)
    )
    if not fits:
        shown = ("batch", *wanted[1:])
        raise InputError(
            f"x has the shape {given}, and model '{model.name}' takes {shown}: bring the inputs to "
            f"that shape (the same size and channels for each, channels last), or build the model "
            f"for {('batch', *given[1:])}."
        )


def _check_output(where: str, loss: Any, label: np.ndarray, prediction: np.ndarray) -> None:
    kind = kind_of(loss)
    units = prediction.shape[-1] if prediction.ndim else 1
    if kind == SPARSE:
        _check_indices(where, label, prediction, units)
    elif kind == ONE_HOT:
        _check_one_hot(where, label, prediction, units)
    elif kind in ELEMENTWISE:
        _check_elementwise(where, kind, label, prediction)
    if kind in (SPARSE, ONE_HOT, BINARY):
        _check_probabilities(where, kind, loss, prediction, units)


def _check_indices(where: str, label: np.ndarray, prediction: np.ndarray, units: int) -> None:
    rank = label.ndim - (1 if label.ndim == prediction.ndim and label.shape[-1] == 1 else 0)
    if rank != prediction.ndim - 1:
        hint = ""
        if label.ndim == prediction.ndim and label.shape[-1] == units:
            hint = " They look one-hot: use loss='categorical_crossentropy'."
        raise InputError(
            f"The labels{where} have the shape {label.shape}, and {SPARSE} takes one class index "
            f"for each prediction: the shape {('batch', *prediction.shape[1:-1])}.{hint}"
        )
    if label.size and units == 1:
        raise InputError(
            f"The model's output{where} has one unit, and {SPARSE} chooses among several: use "
            f"loss='binary_crossentropy' for one unit, or give the last layer a unit a class."
        )
    if label.size and (label.min() < 0 or label.max() >= units):
        wrong = label[(label < 0) | (label >= units)]
        mend = (
            f"labels from 1 to {units} become 0 to {units - 1} by subtracting 1"
            if label.min() >= 1 and label.max() == units
            else f"give the last layer {int(label.max()) + 1} units, or correct the labels"
            if label.min() >= 0
            else "a label of -1 often stands for 'unknown': leave those samples out, or give "
            "the loss ignore_class=-1"
        )
        listed = ", ".join(str(int(value)) for value in np.unique(wrong)[:3])
        raise InputError(
            f"The labels{where} hold {listed}, and the "
            f"model's output has {units} units: a class index is from 0 to {units - 1}. Mend: "
            f"{mend}."
        )


def _check_one_hot(where: str, label: np.ndarray, prediction: np.ndarray, units: int) -> None:
    if label.ndim != prediction.ndim or label.shape[-1] != units:
        indices = label.ndim == prediction.ndim - 1 or label.shape[-1] == 1
        hint = f" They look like indices: use loss='{SPARSE}'." if indices else ""
        raise InputError(
            f"The labels{where} have the shape {label.shape}, and {ONE_HOT} takes a row of "
            f"{units} values for each prediction.{hint}"
        )


def _check_elementwise(where: str, kind: str, label: np.ndarray, prediction: np.ndarray) -> None:
    mine, its = label.shape[1:], prediction.shape[1:]
    if mine == its or (*mine, 1) == its or mine == (*its, 1):
        return
    units = mine[-1] if mine else 1
    raise InputError(
        f"The labels{where} have the shape {('batch', *mine)} and the predictions "
        f"{('batch', *its)}: {kind} compares them value by value, and would spread one over the "
        f"other or fail. Give the last layer {units} unit{'s' * (units != 1)}, or reshape the "
        f"labels."
    )


def _check_probabilities(
    where: str, kind: str, loss: Any, prediction: np.ndarray, units: int
) -> None:
    if not np.isfinite(prediction).all():
        return
    from_logits = takes_logits(loss)
    inside = bool((prediction >= 0).all() and (prediction <= 1).all())
    sums = kind == BINARY or bool(np.abs(prediction.sum(axis=-1) - 1).max() < SUM_TOLERANCE)
    if not from_logits and not (inside and sums):
        last = "sigmoid" if kind == BINARY else "softmax"
        seen = (
            f"from {prediction.min():.3g} to {prediction.max():.3g}"
            if not inside
            else f"that add up to {prediction[0].sum():.3g}, not 1"
        )
        raise InputError(
            f"The model's output{where} has values {seen}: these are logits, and {kind} was told "
            f"to expect probabilities. Give the loss from_logits=True (keras.losses."
            f"{_class_name(kind)}(from_logits=True)), or the last layer activation='{last}'."
        )
    # Logits that happen to be probabilities to 1e-3 in eight samples don't exist.
    if from_logits and inside and sums and kind != BINARY and units > 1:
        warnings.warn(
            f"The model's output{where} is probabilities already, and {kind} has "
            f"from_logits=True: softmax is taken twice, and training is slow and never sure. "
            f"Leave from_logits=True away, or the softmax of the last layer.",
            stacklevel=2,
        )


def kind_of(loss: Any) -> str:
    """The name of a loss as Keras's functions are called."""
    if isinstance(loss, str):
        return _SHORT.get(loss, loss)
    name = type(loss).__name__
    if name in _SHORT:
        return _SHORT[name]
    return getattr(loss, "__name__", name)


def takes_logits(loss: Any) -> bool:
    """Whether a loss applies the softmax or sigmoid itself."""
    configured = getattr(loss, "get_config", None)
    return bool(configured and configured().get("from_logits"))


def _class_name(kind: str) -> str:
    return next(name for name, short in _SHORT.items() if short == kind)


def _parts(batch: Any) -> list[tuple[str, Any]]:
    names = ("x", "y", "sample_weight") if isinstance(batch, (tuple, list)) else ("x",)
    whole = batch if isinstance(batch, (tuple, list)) else (batch,)
    found = []
    for name, part in zip(names, whole, strict=False):
        flat = tf.nest.flatten(part)
        for i, each in enumerate(flat):
            found.append((name if len(flat) == 1 else f"{name}[{i}]", each))
    return found
