"""What a method sees while it is traced: one call of the model, and other calls made from it.

A scene calls the model when something of it is first asked for, so a traced function holds only
what its method uses: the activations cost a forward pass, the gradients a backward pass through
what lies behind the layer, and a method that asks for neither pays for neither.

`at` leads to other calls: on other inputs (noisy, masked), on several copies of each input at once,
or from the layer on with other activations, which runs the *head* of the model alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import keras
import tensorflow as tf

from tfviz.autodiff.missing import why_no_gradient
from tfviz.errors import LayerError
from tfviz.explain.outputs import Outputs
from tfviz.explain.plan import Listened, Plan, listen, settle, settle_inputs
from tfviz.explain.stages import settle_stages
from tfviz.explain.target import Score, Target
from tfviz.explain.tokens import Grid
from tfviz.model.heard import Given


@dataclass(frozen=True)
class Where:
    """What of a model is explained, and where in it.

    Attributes:
        layers: Paths of the layers, joined when several; None chooses.
        output: Which output, by index or name; None takes the first.
        at_input: Explain at the model's inputs in place of a layer.
        stages: How many layers are chosen where none is named: the last of each size.
    """

    layers: tuple[str | None, ...] = (None,)
    output: int | str | None = None
    at_input: bool = False
    stages: int = 1


@dataclass(frozen=True)
class Spot:
    """One call of one layer that is explained at; it gives one map.

    Attributes:
        place: Index of the layer among those that are joined.
        path: The layer.
        number: Which call of the layer.
        layout: 'channels_last' or 'channels_first'.
        source: Index of the model input that it looks at.
        grid: How its tokens lie in the image; None where they don't.
        half: Whether it gives float16.
    """

    place: int
    path: str
    number: int
    layout: str
    source: int
    grid: Grid | None
    half: bool


class Scene:
    """One call of a model in the graph that is being traced.

    Attributes:
        inputs: What goes into the model, in its structure; symbolic.
        copies: How many copies of each input stand beside each other; row r is input r // copies.
        where: What is explained, and where.
        remarks: What a method has to say of this model, for the result; it is added to.
    """

    def __init__(
        self,
        model: Any,
        inputs: Any,
        target: Target,
        parameters: dict[str, tf.Tensor],
        scale: tf.Tensor,
        where: Where,
        *,
        spots: tuple[Spot, ...] | None = None,
        copies: int | tf.Tensor = 1,
        given: Sequence[tf.Tensor | None] | None = None,
        layers: Given | None = None,
        calling: Callable[[], AbstractContextManager[Any]] = nullcontext,
    ) -> None:
        self.model = model
        self.inputs = inputs
        self.where = where
        self.copies = copies
        self.remarks: list[str] = []
        self._target = target
        self._parameters = parameters
        self._scale = scale
        self._spots = spots
        self._given = given
        self._layers = layers or {}
        self._calling = calling
        self._taken: list[tf.Tensor] = []

    @cached_property
    def listened(self) -> Listened:
        """The call of the model: all that was heard, its outputs, its logits."""
        given = {path: dict(tensors) for path, tensors in self._layers.items()}
        for spot, tensor in zip(self.spots if self._given else (), self._given or (), strict=True):
            if tensor is not None:
                laid = _to_layout(tensor, spot.layout)
                given.setdefault(spot.path, {})[spot.number] = laid
        with self._calling():
            return listen(self.model, self.inputs, self.where.output, given)

    @cached_property
    def logits(self) -> tf.Tensor:
        """What the target picks its unit from, (batch, units) float32.

        The logits of the explained output with its places averaged, over the region or at the
        prediction that the target names.
        """
        own = self.target_score.logits
        return self.outputs.means if own is None else own

    @cached_property
    def outputs(self) -> Outputs:
        """What the model puts out, as a target reads it."""
        return Outputs(self.listened)

    @cached_property
    def target_score(self) -> Score:
        """What the target makes of the outputs."""
        return self._target.score_of(self.outputs, self._parameters)

    @property
    def target(self) -> Target:
        """What is explained: its kind, not its parameters."""
        return self._target

    @property
    def score(self) -> tf.Tensor:
        """What is explained, (batch,) float32."""
        return tf.cast(self.target_score.value, tf.float32)

    @property
    def scores(self) -> tf.Tensor:
        """What is explained, (batch, copies) float32: a row for each row of the scene before."""
        return self.by_copy(self.score)

    @cached_property
    def plans(self) -> tuple[Plan, ...]:
        """The layers that are explained at, and their calls."""
        score, where = self.target_score.value, self.where
        scores = self.target_score.sources or (score,)
        if where.at_input:
            return (settle_inputs(self.model, self.listened, score),)
        if where.stages > 1 and where.layers == (None,):
            return settle_stages(self.model, self.listened, scores, where.stages)
        plans = tuple(settle(self.model, self.listened, each, scores) for each in where.layers)
        paths = [plan.choice.path for plan in plans]
        for path in paths:
            if paths.count(path) > 1:
                raise LayerError(f"Layer '{path}' is joined with itself: name different layers.")
        return plans

    @property
    def spots(self) -> tuple[Spot, ...]:
        """All calls of all layers that are explained at, one map each."""
        if self._spots is None:
            self._spots = tuple(
                Spot(place, call.path, call.number, layout, source, grid, half)
                for place, plan in enumerate(self.plans)
                for call, layout, source, grid, half in zip(
                    plan.calls,
                    plan.layouts,
                    plan.sources,
                    plan.grids,
                    (each.value.dtype == tf.float16 for each in plan.calls),
                    strict=True,
                )
            )
        return self._spots

    @property
    def tapped(self) -> list[tf.Tensor]:
        """What the layers return, as they return it, one tensor a spot."""
        return [call.value for plan in self.plans for call in plan.calls]

    @cached_property
    def activations(self) -> list[tf.Tensor]:
        """Activations, (batch, *spatial, channels) float32, one tensor a spot."""
        return [
            _from_layout(tf.cast(tensor, tf.float32), spot.layout)
            for tensor, spot in zip(self.tapped, self.spots, strict=True)
        ]

    @cached_property
    def gradients(self) -> list[tf.Tensor]:
        """Gradients of the score by the activations, in their shape, one tensor a spot.

        Raises:
            LayerError: When there is none, with the reason.
        """
        return self.gradients_of(self.target_score.value)

    def gradients_of(self, value: tf.Tensor) -> list[tf.Tensor]:
        """Gradients of another value by the activations, as `gradients`.

        Args:
            value: One number an input, or a sum over inputs; may itself be made of gradients.
        """
        found = self.gradients_by(self.tapped, value)
        made = []
        for tensor, gradient, spot in zip(self.tapped, found, self.spots, strict=True):
            if gradient is None:
                operation = self.plans[spot.place].node.operation
                raise LayerError(why_no_gradient(spot.path, operation, tensor, value))
            made.append(_from_layout(gradient, spot.layout))
        self._taken = self._taken or made
        return made

    def gradients_by(
        self, tensors: Sequence[tf.Tensor], value: tf.Tensor | None = None
    ) -> list[tf.Tensor | None]:
        """Gradients by any tensors of this call, float32 in their shape and layout.

        Args:
            tensors: Symbolic.
            value: What is differentiated; None takes the score.

        Returns:
            One a tensor, None where the value doesn't depend on it.
        """
        value = self.target_score.value if value is None else value
        found = tf.gradients(tf.cast(value, tf.float32) * self._scale, list(tensors))
        return [None if each is None else tf.cast(each, tf.float32) / self._scale for each in found]

    @property
    def peaks(self) -> list[tf.Tensor]:
        """The largest gradient of each input at each spot; none when no gradient was taken."""
        return [tf.reduce_max(tf.abs(G), axis=list(range(1, len(G.shape)))) for G in self._taken]

    def at(
        self,
        inputs: Any = None,
        *,
        copies: int | tf.Tensor = 1,
        activations: Sequence[tf.Tensor | None] | None = None,
        layers: Given | None = None,
    ) -> Scene:
        """Another call of the model, for the same target at the same layers.

        Args:
            inputs: In the model's structure, `copies` rows for each row of this scene, those of
                one input beside each other; None repeats the inputs of this scene.
            copies: How many, a number or a scalar tensor.
            activations: One a spot, (batch * copies, *spatial, channels) float32, that the layers
                return in place of their own; None leaves a spot alone. What lies before the layers
                is then not run.
            layers: The same for any layers: what they return, by path and number of the call.
        """
        # The other call must not choose its layers anew, nor wait for itself to know them.
        known = activations is not None or "listened" in self.__dict__
        spots = self.spots if known else self._spots
        settled = self.where
        if spots is not None and not settled.at_input:
            paths = tuple(dict.fromkeys(spot.path for spot in spots))
            settled = replace(settled, layers=paths, stages=1)
        return Scene(
            self.model,
            self.repeated(self.inputs, copies) if inputs is None else inputs,
            self._target,
            self.repeated(self._parameters, copies),
            self._scale,
            settled,
            spots=spots,
            copies=copies,
            given=activations,
            layers=layers,
            calling=self._calling,
        )

    @staticmethod
    def repeated(structure: Any, copies: int | tf.Tensor) -> Any:
        """Each row of each tensor of a structure `copies` times, beside each other."""
        if isinstance(copies, int) and copies == 1:
            return structure
        return keras.tree.map_structure(lambda each: tf.repeat(each, copies, axis=0), structure)

    def by_copy(self, values: tf.Tensor) -> tf.Tensor:
        """From (batch * copies, ...) to (batch, copies, ...), of a scene with copies."""
        return tf.reshape(values, tf.concat([[-1, self.copies], tf.shape(values)[1:]], axis=0))


def _from_layout(tensor: tf.Tensor, layout: str) -> tf.Tensor:
    if layout == "channels_last":
        return tensor
    rank = len(tensor.shape)
    return tf.transpose(tensor, [0, *range(2, rank), 1])


def _to_layout(tensor: tf.Tensor, layout: str) -> tf.Tensor:
    if layout == "channels_last":
        return tensor
    rank = len(tensor.shape)
    return tf.transpose(tensor, [0, rank - 1, *range(1, rank - 1)])
