"""What a model is asked to minimise on a batch: its compiled loss, or the one that was given."""

from __future__ import annotations

import inspect
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfviz.errors import InputError, ModelError, nearest
from tfviz.model.backend import require_keras_model
from tfviz.model.tap import losses_kept
from tfviz.model.tree import walk
from tfviz.train.checks import check_batch
from tfviz.train.objective import Judge, Objective

# Names that Keras takes and doesn't list.
_SHORT = ("mse", "mae", "mape", "msle", "bce", "kld")


def ready(model: Any, x: Any, y: Any, loss: Any, sample_weight: Any) -> tuple[Objective, Any]:
    """An objective whose variables are all made, and the batch as tensors.

    The model is built where it wasn't; its variables keep their values.

    Args:
        model: A `keras.Model`.
        x: Inputs as `fit` takes them: an array, or a list or dictionary of arrays.
        y: Labels in the same way; None for a model that brings its whole loss along.
        loss: As in `model.compile`; None takes the loss that the model is compiled with.
        sample_weight: One weight a sample; None weighs all alike.

    Raises:
        ModelError: When there is no loss.
        InputError: When the batch can't be right for the model or the loss.
    """
    require_keras_model(model)
    batch = as_batch(x, y, sample_weight)
    if loss is not None:
        _require_known(loss)
        objective = Objective(model, Judge(getattr(model, "output_names", None), loss=loss), loss)
    elif model.compiled:
        objective = Objective(model, model, model.loss)
    else:
        objective = Objective(model, Judge(None, loss=None), None)
    with losses_kept([model, *(node.operation for node in walk(model))]):
        before = {id(each): (each, each.numpy()) for each in model.variables}
        try:
            check_batch(batch, objective)
            # A model that wasn't built, or adds its losses while it runs, has them after that.
            objective.example(batch)
            _require_some_loss(model, objective)
            # Keras makes the variables of a compiled loss when it first sees labels.
            objective.forward(batch, training=False)
        finally:
            for each, value in before.values():
                each.assign(value)
            for each in getattr(model, "metrics_variables", []):
                if id(each) not in before:
                    each.assign(np.zeros(each.shape))
    return objective, batch


def in_words(loss: Any) -> str:
    """A loss as it is called.

    >>> in_words("mse")
    'mse'
    """
    named = [each for each in keras.tree.flatten(loss) if each is not None]
    found = [each if isinstance(each, str) else getattr(each, "__name__", "") for each in named]
    return ", ".join(
        name or getattr(each, "name", type(each).__name__)
        for name, each in zip(found, named, strict=True)
    )


def as_batch(x: Any, y: Any, sample_weight: Any) -> Any:
    """`(x,)`, `(x, y)` or `(x, y, sample_weight)` as tensors, in the types that `fit` makes.

    Raises:
        InputError: When the parts hold different numbers of samples, or none.
    """
    lengths = {
        name: {len(each) for each in keras.tree.flatten(part) if np.ndim(each)}
        for name, part in (("x", x), ("y", y), ("sample_weight", sample_weight))
        if part is not None
    }
    sizes = set().union(*lengths.values()) if lengths else set()
    if len(sizes) > 1:
        told = ", ".join(f"{name} {' and '.join(map(str, n))}" for name, n in lengths.items())
        raise InputError(f"x, y and sample_weight must hold equally many samples; here {told}.")
    if sizes == {0}:
        raise InputError("x holds no samples: a step needs at least one.")
    parts = (_tensors(x), _tensors(y), _tensors(sample_weight))
    if sample_weight is not None:
        return parts
    return parts[:2] if y is not None else parts[:1]


def _tensors(part: Any) -> Any:
    """Tensors in the type that `fit` makes of arrays: whole numbers stay, others are floatx."""
    if part is None:
        return None

    def tensor(each: Any) -> tf.Tensor:
        if isinstance(each, (list, float, int)):
            each = np.asarray(each)
        made = tf.convert_to_tensor(each)
        return tf.cast(made, keras.config.floatx()) if made.dtype.is_floating else made

    if isinstance(part, list) and not any(hasattr(each, "shape") for each in part):
        part = np.asarray(part)
    return keras.tree.map_structure(tensor, part)


def _require_known(loss: Any) -> None:
    for each in keras.tree.flatten(loss):
        if isinstance(each, str):
            try:
                keras.losses.get(each)
            except ValueError as error:
                known = [*_SHORT, *(name for name in dir(keras.losses) if name[0] != "_")]
                raise InputError(
                    f"loss={each!r} is no loss of Keras.{nearest(each, known)}"
                ) from error
        elif each is not None and not callable(each):
            raise InputError(f"loss={each!r} is no loss: give a name, a function or a Keras loss.")


def _require_some_loss(model: Any, objective: Objective) -> None:
    if objective.losses is not None or model.losses:
        return
    if objective.judge is model and type(model).compute_loss is not keras.Model.compute_loss:
        return
    raise ModelError(
        f"Model '{model.name}' has no loss, so that there is nothing to go back from: give one, "
        f"loss='sparse_categorical_crossentropy' or loss='mse' (--loss NAME on the command line), "
        f"or compile the model with it."
    )


def own_step(model: Any) -> bool:
    """Whether a model makes its training steps by a method of its own."""
    own = inspect.getattr_static(type(model), "train_step", None)
    return own is not inspect.getattr_static(keras.Model, "train_step", None)
