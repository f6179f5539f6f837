"""Which layers of a model can give a map, without explaining anything."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from tfviz.errors import InputError
from tfviz.explain.plan import listen, settle
from tfviz.model.backend import require_keras_model
from tfviz.model.card import card_of
from tfviz.model.choice import Choice
from tfviz.model.pixels import DEFAULT_SIZE, image_shape, plan_pixels
from tfviz.model.shapes import channels_stand_first


def layers_of(model: keras.Model, *, output: int | str | None = None) -> Choice:
    """The layer that is explained at by itself, why, and all that could be.

    The model is traced on shapes alone; nothing is computed and nothing in it changes.

    Args:
        model: A built `keras.Model`.
        output: Which output of several, by index or name; None takes the first.

    Returns:
        The choice; its `candidates` are all layers that can give a map, in execution order.

    Raises:
        LayerError: When there is none.
        InputError: When the shape of the model's input isn't known.
    """
    require_keras_model(model)
    made: list[Choice] = []

    def trace(inputs: Any) -> tf.Tensor:
        listened = listen(model, inputs, output)
        score = listened.explained.tensor
        made.append(settle(model, listened, None, (score,)).choice)
        return score

    tf.function(trace, autograph=False).get_concrete_function(_specs(model))
    return made[-1]


def _specs(model: keras.Model) -> Any:
    """Specs in the structure the model takes, open axes filled with what the model is used with."""
    inputs = getattr(model, "inputs", None)
    if not inputs:
        known = image_shape(model)
        if known is None:
            raise InputError(
                f"Model '{model.name}' is a subclass and doesn't tell the shape of its input: "
                f"explain an input of it, and the result's .layer lists the candidates."
            )
        return tf.TensorSpec((None, *known[1:]), keras.config.floatx())
    specs = []
    for each in inputs:
        shape = list(each.shape)
        if len(inputs) == 1 and len(shape) == 4 and None in shape[1:]:
            size = plan_pixels(model).size
            rows = (2, 3) if channels_stand_first(shape[1:]) else (1, 2)
            for axis, length in zip(rows, size, strict=True):
                shape[axis] = shape[axis] or length
        fallback = (card_of(model).input_size or (DEFAULT_SIZE,))[0]
        filled = [length or fallback for length in shape[1:]]
        specs.append(tf.TensorSpec((None, *filled), keras.backend.standardize_dtype(each.dtype)))
    return specs[0] if len(specs) == 1 else keras.tree.pack_sequence_as(_structure(model), specs)


def _structure(model: keras.Model) -> Any:
    return getattr(model, "input", None) or list(model.inputs)
