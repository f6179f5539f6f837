"""The raw predictions of an object detector, found among a model's outputs."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import tensorflow as tf

from tfviz.errors import TargetError
from tfviz.explain.outputs import output_index
from tfviz.explain.target_function import Same
from tfviz.model.logits import upstream
from tfviz.model.shapes import in_words

if TYPE_CHECKING:
    from tfviz.explain.outputs import Outputs

# Which output: by index or name, by a function of all outputs, or by its shape.
Key = int | str | Callable[[Any], Any] | None


@dataclass(frozen=True, eq=False)
class Predictions:
    """What a detector predicts, symbolic.

    Attributes:
        boxes: (batch, predictions, 4) float32, as the model lays them.
        logits: (batch, predictions, classes) float32.
        probabilities: The same from 0 to 1.
        how: How the logits were obtained, in words.
    """

    boxes: tf.Tensor
    logits: tf.Tensor
    probabilities: tf.Tensor
    how: str


def key_kind(key: Key) -> Hashable:
    """A key as part of what tells traced functions apart."""
    return Same(key) if callable(key) else key


def predictions_of(outputs: Outputs, boxes: Key, scores: Key) -> Predictions:
    """Find boxes and scores.

    Args:
        outputs: Of the model.
        boxes: Where the boxes are; None finds them by their shape.
        scores: The same of the scores.

    Raises:
        TargetError: When they aren't there, or come after non-maximum suppression.
    """
    if boxes is None and scores is None:
        boxes, scores = _by_shape(outputs)
    elif boxes is None or scores is None:
        raise TargetError(
            "Detection() was told where one of boxes= and scores= is, and not the other: name both."
        )
    placed = _taken(outputs.said_structure, outputs, boxes, "boxes", said=True)
    said = _taken(outputs.said_structure, outputs, scores, "scores", said=True)
    logits = _taken(outputs.structure, outputs, scores, "scores", said=False)
    if said.shape.rank == 2:
        said, logits = said[..., None], logits[..., None]
    _refuse_suppressed(outputs, logits)
    fits = placed.shape.rank == 3 and placed.shape[2] == 4 and said.shape.rank == 3
    if not fits or (None not in (a := placed.shape[1], b := said.shape[1]) and a != b):
        raise TargetError(
            f"Detection() takes boxes (batch, predictions, 4) and as many scores (batch, "
            f"predictions, classes); boxes= is {in_words(placed.shape)} and scores= is "
            f"{in_words(said.shape)}. A function may reshape them: boxes=lambda outputs: ..."
        )
    # What goes below 0 or above 1 in any prediction of an input is a logit itself.
    low, high = tf.reduce_min(said, axis=[1, 2]), tf.reduce_max(said, axis=[1, 2])
    probable = ((low >= 0) & (high <= 1))[:, None, None]
    probabilities = tf.stop_gradient(tf.where(probable, said, tf.sigmoid(said)))
    how = "the scores that the function took" if callable(scores) else outputs.one(scores).how
    return Predictions(tf.stop_gradient(placed), logits, probabilities, how)


def _taken(structure: Any, outputs: Outputs, key: Any, which: str, *, said: bool) -> tf.Tensor:
    if callable(key):
        found = key(structure)
        if not tf.is_tensor(found):
            raise TargetError(
                f"Detection({which}=) is a function that returned {found!r}: it must return one "
                f"tensor of the outputs it is given."
            )
        return tf.cast(found, tf.float32)
    try:
        index = output_index(key, outputs.listened.names)
    except TargetError as error:
        raise TargetError(f"Detection({which}={key!r}): {error}") from error
    listened = outputs.listened
    return tf.cast(listened.outputs[index] if said else listened.logits[index].tensor, tf.float32)


def _by_shape(outputs: Outputs) -> tuple[int, int]:
    """The outputs that can only be the boxes and the scores."""
    shapes = [tuple(each.shape) for each in outputs.listened.outputs]
    pairs = [
        (i, j)
        for i, boxes in enumerate(shapes)
        for j, scores in enumerate(shapes)
        if i != j
        and len(boxes) == 3
        and boxes[2] == 4
        and len(scores) in (2, 3)
        and boxes[1] == scores[1]
    ]
    if len(pairs) == 1:
        return pairs[0]
    listed = ", ".join(
        f"'{name}' {in_words(shape)}"
        for name, shape in zip(outputs.listened.names, shapes, strict=True)
    )
    raise TargetError(
        f"Detection() looks for boxes (batch, predictions, 4) and scores (batch, predictions, "
        f"classes), and {'several pairs' if pairs else 'no pair'} of the outputs can be that "
        f"({listed}): name them by boxes= and scores=, or give functions that take them out."
    )


def _refuse_suppressed(outputs: Outputs, logits: tf.Tensor) -> None:
    """Refuse predictions that were sorted out, with what to take in their place."""
    graph, needed = logits.graph, upstream(logits)
    names = [f"'{name}'" for name in needed if "NonMaxSuppression" in _type(graph, name)]
    names += [
        f"'{each.path}'"
        for each in outputs.listened.hearing.heard
        if _suppresses(each.kind) and each.value.graph is graph and each.value.op.name in needed
    ]
    if names:
        raise TargetError(
            f"Detection() can't explain predictions after non-maximum suppression ({names[0]}): it "
            f"has no gradient of its choice, and its rows change places with every input. Take "
            f"the raw predictions, as the model makes them in training: boxes= and scores= of "
            f"keras.Model(model.input, [boxes, scores]) that ends before it."
        )


def _type(graph: Any, name: str) -> str:
    return str(graph.get_operation_by_name(name).type)


def _suppresses(kind: str) -> bool:
    plain = kind.lower()
    return "nonmaxsuppression" in plain or plain.endswith("nms")
