"""How near an embedding is to another one."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import tensorflow as tf

from tfviz.errors import TargetError
from tfviz.explain.inputs import as_batch
from tfviz.explain.outputs import flat_tensors, output_index, output_names
from tfviz.explain.target import Parameters, Score, Target, no_unit
from tfviz.model.backend import require_keras_model
from tfviz.model.shapes import in_words

if TYPE_CHECKING:
    from tfviz.explain.outputs import Outputs

# Keeps the gradient of a length finite where the length is 0.
TINY = 1e-30
# Embeddings nearer than this part of their length differ by rounding alone, whose direction, which
# is what the gradient of a distance shows, means nothing.
SAME = 1e-6
AT_ONCE = 32


def _length(vectors: tf.Tensor) -> tf.Tensor:
    return tf.sqrt(tf.maximum(tf.reduce_sum(vectors**2, axis=1), TINY))


def _dot(embedding: tf.Tensor, reference: tf.Tensor) -> tf.Tensor:
    return tf.reduce_sum(embedding * reference, axis=1)


def _cosine(embedding: tf.Tensor, reference: tf.Tensor) -> tf.Tensor:
    return _dot(embedding, reference) / (_length(embedding) * _length(reference))


def _distance(embedding: tf.Tensor, reference: tf.Tensor) -> tf.Tensor:
    squares = tf.reduce_sum((embedding - reference) ** 2, axis=1)
    sizes = tf.reduce_sum(embedding**2 + reference**2, axis=1)
    return -tf.sqrt(tf.maximum(squares, tf.stop_gradient(sizes) * SAME**2 + TINY))


MEASURES: dict[str, tuple[Callable[[tf.Tensor, tf.Tensor], tf.Tensor], str]] = {
    "cosine": (_cosine, "cosine similarity to the reference"),
    "dot": (_dot, "dot product with the reference"),
    "distance": (_distance, "nearness to the reference (the negative distance)"),
}


class Similarity(Target):
    """How near the model's embedding of an input is to a reference.

        cosine:    y = e . r / (|e| |r|)        dot:  y = e . r        distance:  y = -|e - r|

    For a model whose output is an embedding (batch, D). An input set against its own embedding has
    no gradient by cosine or distance, since nothing is nearer to it than itself: take another one
    of its kind, or 'dot'.

    Source: Stylianou et al., "Visualizing Deep Similarity Networks", WACV 2019, has the dot product
    of two embeddings, which is the cosine for embeddings of length 1.

    Args:
        reference: (D,) for all inputs, or (batch, D), one each: an embedding of the same model,
            `Similarity.to(model, other_inputs)` makes it, or a mean of several.
        measure: 'cosine', 'dot' or 'distance'.

    Raises:
        TargetError: For a reference that is no vector.
    """

    no_class = "the target is the similarity of embeddings"

    def __init__(self, reference: Any, measure: str = "cosine") -> None:
        if measure not in MEASURES:
            raise TargetError(f"Similarity(measure={measure!r}) is none of {', '.join(MEASURES)}.")
        try:
            given = np.asarray(reference, np.float32)
        except (TypeError, ValueError):
            given = np.zeros((), np.float32)
        if given.ndim not in (1, 2) or not given.size:
            raise TargetError(
                f"Similarity(reference=) has shape {given.shape}: it must be an embedding, (D,) "
                f"for all inputs or (batch, D)."
            )
        self.reference = np.atleast_2d(given)
        self.measure = measure
        if not np.isfinite(given).all():
            raise TargetError("Similarity(reference=) holds NaN or infinity.")
        if measure == "cosine" and not np.abs(self.reference).max(axis=1).all():
            raise TargetError(
                "Similarity(reference=) is zero, which has no direction: the cosine to it isn't "
                "defined. measure='distance' takes it."
            )

    @classmethod
    def to(
        cls,
        model: keras.Model,
        inputs: Any,
        *,
        output: int | str | None = None,
        measure: str = "cosine",
    ) -> Similarity:
        """Similarity to the model's own embedding of other inputs: one for all, or one for each.

        Args:
            model: A built `keras.Model`; it is left as it was.
            inputs: As for an explanation, one or as many as will be explained.
            output: Which output is the embedding, as given to the method.
            measure: 'cosine', 'dot' or 'distance'.

        Raises:
            InputError: When the inputs don't fit the model.
        """
        require_keras_model(model)
        found = []
        kept = [(each, each.numpy()) for each in model.non_trainable_variables]
        try:
            for _, part in as_batch(model, inputs).chunks(AT_ONCE):
                outputs = model(part, training=False)
                flat = flat_tensors(outputs)
                index = output_index(output, output_names(model, outputs, len(flat)))
                found.append(np.asarray(flat[index], np.float32))
        finally:
            for variable, value in kept:
                if not np.array_equal(variable.numpy(), value):
                    variable.assign(value)
        return cls(np.concatenate(found), measure)

    @property
    def kind(self) -> Hashable:
        """The measure, and how long an embedding is."""
        return ("similarity", self.measure, self.reference.shape[1])

    @property
    def signature(self) -> dict[str, Any]:
        """The reference."""
        return {"reference": tf.TensorSpec((None, self.reference.shape[1]), tf.float32)}

    def parameters(self, count: int) -> Parameters:
        """A reference for each input."""
        rows = self.reference
        if len(rows) not in (1, count):
            raise TargetError(
                f"Similarity() holds {len(rows)} references for {count} inputs: give one for all "
                f"or one for each."
            )
        return {"reference": np.broadcast_to(rows, (count, rows.shape[1]))}

    def score_of(self, outputs: Outputs, parameters: dict[str, tf.Tensor]) -> Score:
        """The measure of the embedding as the model gives it."""
        embedding, reference = outputs.said, parameters["reference"]
        shape = embedding.shape
        if shape.rank != 2:
            raise TargetError(
                f"Similarity() needs an embedding (batch, D); output '{outputs.name}' is "
                f"{in_words(shape)}. Name another by output=, or let a function pool it."
            )
        if shape[1] is not None and shape[1] != reference.shape[1]:
            raise TargetError(
                f"Similarity(reference=) has {reference.shape[1]} numbers, and output "
                f"'{outputs.name}' of the model {shape[1]}: take an embedding of the same model."
            )
        return no_unit(MEASURES[self.measure][0](embedding, reference))

    def how(self, outputs: Outputs) -> str:
        """The measure in words."""
        return f"the {self.in_words}, of the model's output as it is"

    @property
    def in_words(self) -> str:
        """The measure in words."""
        return MEASURES[self.measure][1]
