"""Attention weights of a model's tokens, and what lies between one attention and the next.

Keras's `MultiHeadAttention` hands its weights out only when it is called to do so, its private
`_compute_attention` changes from version to version, and attention made of `Dense` layers and
operations has neither. But all of them end in the same two operations: a softmax over tokens, and a
matrix product that reads it. These are found in the traced graph; no layer is touched, and masks,
scales and shared heads are whatever the model makes of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import tensorflow as tf

from tfviz.explain.tokens import Grid, find_grid, only_one_token_read
from tfviz.model.logits import upstream

if TYPE_CHECKING:
    from tfviz.explain.scene import Scene
    from tfviz.model.heard import Heard

_PASSING = {"Identity", "Cast", "Reshape", "Transpose"}
_PRODUCTS = {"BatchMatMulV2", "BatchMatMul", "Einsum", "MatMul"}
_ADDING = {"AddV2", "Add"}
_RENAMING = {"Identity", "Cast"}
_FARTHEST = 4


@dataclass(frozen=True, eq=False)
class Attentions:
    """The self-attentions that a score depends on, in execution order.

    Attributes:
        weights: (batch, heads, tokens, tokens) each, as the model made them: rows add up to 1;
            symbolic.
        grid: How the tokens lie in the image; None where they lie in none.
        tokens: How many there are.
    """

    weights: tuple[tf.Tensor, ...]
    grid: Grid | None
    tokens: int


def attentions_of(scene: Scene) -> Attentions:
    """The attentions of a model that `why_no_attention` says nothing against."""
    found = _softmaxes(scene)
    tokens = found[0].shape[-1]
    image = scene.listened.inputs[scene.spots[0].source]
    rows = tf.reduce_mean(found[0], axis=1) if found[0].shape.rank == 4 else found[0]
    grid = find_grid(rows, image, scene.listened.hearing.heard)
    return Attentions(tuple(found), grid, tokens)


def why_no_attention(scene: Scene) -> str:
    """Why the attention of a model can't be read; '' when it can."""
    found = _softmaxes(scene)
    if not found:
        heard = scene.listened.hearing.heard
        named = [each.path for each in heard if "Attention" in each.kind]
        if named:
            return (
                f"'{named[0]}' has no softmax over its own tokens that a matrix product reads "
                f"(attention between two kinds of tokens, or in a closed function, is none)"
            )
        return "this model has none (a softmax over tokens that a matrix product reads)"
    sizes = sorted({each.shape[-1] for each in found})
    source = scene.spots[0].source
    if len(sizes) > 1:
        return f"this model's attentions see different numbers of tokens ({sizes})"
    if source >= len(scene.listened.inputs):
        return "its input is no tensor"
    image = scene.listened.inputs[source]
    if image.shape.rank == 4 and attentions_of(scene).grid is None:
        return (
            f"the {sizes[0]} tokens that its attentions see can't be laid in a grid over the image "
            f"(windows, or patches made in a way that isn't known)"
        )
    return ""


def laid(values: tf.Tensor, attentions: Attentions) -> tf.Tensor:
    """Values (batch, tokens) as (batch, rows, columns), without what stands before the patches."""
    grid = attentions.grid
    if grid is None:
        return values
    return tf.reshape(values[:, grid.extra :], [-1, grid.rows, grid.columns])


def class_tokens_read(scene: Scene, attentions: Attentions) -> int:
    """How many tokens in front of the patches the score is read from; 0 where it reads all."""
    extra = 0 if attentions.grid is None else attentions.grid.extra
    needed = upstream(scene.score)
    last = [
        each
        for each in scene.listened.hearing.heard
        if len(each.shape) == 3
        and each.shape[1] == attentions.tokens
        and each.value.op.name in needed
    ]
    return extra if extra and last and only_one_token_read(last[-1].value, needed) else 0


def blocks_of(scene: Scene, attentions: Attentions) -> tuple[tuple[tf.Tensor, ...], Heard | None]:
    """What each attention's block hands on to the next, and the layer that hands on the last.

    A block ends where its input is added to what it made of it, and everything that comes from the
    attention goes through that sum.

    Returns:
        One tensor (batch, tokens, features) an attention, and the call of a layer that returned the
        last of them; nothing and None where a block has no such end.
    """
    first = attentions.weights[0].op
    after = _downstream(first) & upstream(scene.score)
    operations = [each for each in first.graph.get_operations() if each.name in after]
    sums = _crossed_by_all(operations, after, attentions.tokens)
    position = {each.name: i for i, each in enumerate(operations)}
    starts = [position[each.op.name] for each in attentions.weights]
    ends = [*starts[1:], len(operations)]
    found = []
    for start, end in zip(starts, ends, strict=True):
        between = [each for each in sums if start < position[each.op.name] < end]
        if not between:
            return (), None
        found.append(between[-1])
    by_tensor = {each.tensor: each for each in scene.listened.hearing.heard}
    last = by_tensor.get(found[-1].name)
    if last is None or len({tuple(each.shape[1:]) for each in found}) > 1:
        return (), None
    return tuple(found), last


def _softmaxes(scene: Scene) -> list[tf.Tensor]:
    """Weights of self-attentions, (batch, heads, tokens, tokens) or without the heads."""
    needed = upstream(scene.score)
    found = []
    for operation in scene.score.graph.get_operations():
        if operation.type != "Softmax" or operation.name not in needed:
            continue
        weights = operation.outputs[0]
        rank = weights.shape.rank or 0
        square = rank in (3, 4) and weights.shape[-1] == weights.shape[-2] is not None
        if square and _read_by_product(weights):
            found.append(weights)
    return found


def _read_by_product(weights: tf.Tensor) -> bool:
    waiting = [(weights, 0)]
    while waiting:
        tensor, depth = waiting.pop()
        for each in tensor.consumers():
            if each.type in _PRODUCTS:
                return True
            if each.type in _PASSING and depth < _FARTHEST:
                waiting.append((each.outputs[0], depth + 1))
    return False


def _downstream(operation: tf.Operation) -> frozenset[str]:
    """Names of all operations that floating-point values of this one lead to, its own included."""
    seen, waiting = {operation.name}, [operation]
    while waiting:
        for output in waiting.pop().outputs:
            if not output.dtype.is_floating:
                continue
            for each in output.consumers():
                if each.name not in seen:
                    seen.add(each.name)
                    waiting.append(each)
    return frozenset(seen)


def _crossed_by_all(
    operations: list[tf.Operation], after: frozenset[str], tokens: int
) -> list[tf.Tensor]:
    """Sums of tokens with what was there before that every path through the operations crosses."""
    position = {each.name: i for i, each in enumerate(operations)}
    crossed: set[str] = set()
    found, farthest = [], 0
    for i, operation in enumerate(operations):
        if farthest <= i:
            crossed.add(operation.name)
            output = operation.outputs[0]
            if (
                operation.type in _ADDING
                and output.shape.rank == 3
                and output.shape[1] == tokens
                and any(_carried(each, after, crossed) for each in operation.inputs)
            ):
                found.append(output)
        readers = [
            position[each.name]
            for output in operation.outputs
            if output.dtype.is_floating
            for each in output.consumers()
            if each.name in position and any(one.dtype.is_floating for one in each.outputs)
        ]
        farthest = max([farthest, *readers])
    return found


def _carried(tensor: tf.Tensor, after: frozenset[str], crossed: set[str]) -> bool:
    """Whether a summand is what the block was given, and no bias."""
    while tensor.op.type in _RENAMING:
        tensor = tensor.op.inputs[0]
    inside = tensor.op.name in after
    return tensor.shape.rank == 3 and (not inside or tensor.op.name in crossed)
