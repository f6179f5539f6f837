"""What a model puts out in one call, as a target reads it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import keras
import tensorflow as tf

from tfviz.errors import TargetError, nearest
from tfviz.model.shapes import channels_stand_first

if TYPE_CHECKING:
    from tfviz.explain.plan import Listened


@dataclass(frozen=True)
class Ending:
    """How one output ends, without any tensor.

    Attributes:
        name: Of the output.
        units: How many classes it has; None when unknown.
        activation: 'softmax', 'sigmoid', ... or None.
    """

    name: str
    units: int | None
    activation: str | None


@dataclass(frozen=True, eq=False)
class Outputs:
    """The outputs of one traced call, one of them explained; symbolic.

    Attributes:
        listened: The call.
    """

    listened: Listened

    @property
    def name(self) -> str:
        """Of the explained output."""
        return self.listened.names[self.listened.index]

    @property
    def activation(self) -> str | None:
        """What ends the explained output: 'softmax', 'sigmoid', ... or None."""
        return self.listened.explained.activation

    @property
    def how(self) -> str:
        """How its logits were obtained, in words."""
        return self.listened.explained.how

    @property
    def said(self) -> tf.Tensor:
        """The explained output as the model gives it, float32."""
        return tf.cast(self.listened.outputs[self.listened.index], tf.float32)

    @cached_property
    def logits(self) -> tf.Tensor:
        """Its logits in its shape, float32."""
        return tf.cast(self.listened.explained.tensor, tf.float32)

    @property
    def spatial(self) -> bool:
        """Whether it has places (a segmentation)."""
        return (self.logits.shape.rank or 0) > 2

    @property
    def placed(self) -> tf.Tensor:
        """Its logits with the classes on the last axis, (batch, *places, units)."""
        logits, classes = self.logits, self.listened.class_axis
        rank = logits.shape.rank
        if classes == rank - 1:
            return logits
        places = [axis for axis in range(1, rank) if axis != classes]
        return tf.transpose(logits, [0, *places, classes])

    @cached_property
    def means(self) -> tf.Tensor:
        """Its logits with all places, if any, averaged, (batch, units).

        Source: Vinogradova et al., "Towards Interpretable Semantic Segmentation via
        Gradient-weighted Class Activation Mapping", 2020, equation 3, over all pixels and as a
        mean, so that the score does not grow with the picture.
        """
        rank = self.logits.shape.rank
        if rank == 1:
            return self.logits[:, None]
        if rank == 2:
            return self.logits
        return tf.reduce_mean(self.placed, axis=list(range(1, rank - 1)))

    @property
    def structure(self) -> Any:
        """All logits, in the structure of the outputs."""
        return self.listened.all_logits

    @property
    def said_structure(self) -> Any:
        """All outputs as the model gives them, in their structure."""
        return self.listened.hearing.outputs

    @property
    def endings(self) -> tuple[Ending, ...]:
        """How each output ends."""
        each = [self.one(index) for index in range(len(self.listened.names))]
        return tuple(Ending(one.name, one.means.shape[1], one.activation) for one in each)

    def one(self, which: int | str) -> Outputs:
        """Another output in place of the explained one, and no other beside it.

        Raises:
            TargetError: When there is no such output.
        """
        index = output_index(which, self.listened.names)
        alone = self.listened.logits[index].tensor
        return Outputs(replace(self.listened, index=index, all_logits=alone))

    def input_places(self, axes: int) -> list[tuple[int | None, ...]]:
        """Sizes of the inputs that have as many axes of places: for 2, (height, width) each."""
        shapes = [tuple(each.shape[1:]) for each in self.listened.inputs]
        return [places(shape) for shape in shapes if len(shape) == axes + 1]


def places(shape: Sequence[Any]) -> tuple[Any, ...]:
    """The places of an input, given without its batch axis; its channels may stand first."""
    first = len(shape) == 3 and channels_stand_first(shape)
    return tuple(shape[1:] if first else shape[:-1])


def output_names(model: Any, outputs: Any, count: int) -> list[str]:
    """Names of the outputs, flat: the keys of a dict, the model's own names, or numbers.

    Args:
        model: That gave them.
        outputs: In the model's structure.
        count: How many tensors they are.
    """
    if isinstance(outputs, dict):
        flat = [str(key) for key in sorted(outputs) if tf.is_tensor(outputs[key])]
        if len(flat) == count:
            return flat
    names = getattr(model, "output_names", None) or []
    return list(names) if len(names) == count else [str(i) for i in range(count)]


def output_index(wanted: int | str | None, names: Sequence[str]) -> int:
    """Which output is meant by an index or name; the first by None.

    Raises:
        TargetError: When there is no such output.
    """
    if wanted is None:
        return 0
    if isinstance(wanted, str) and wanted in names:
        return list(names).index(wanted)
    if isinstance(wanted, int) and 0 <= wanted < len(names):
        return wanted
    listed = ", ".join(f"{i}: '{name}'" for i, name in enumerate(names))
    raise TargetError(
        f"output={wanted!r} is not one of the model's {len(names)} outputs ({listed})."
        f"{nearest(str(wanted), list(names))}"
    )


def flat_tensors(outputs: Any) -> list[Any]:
    """The tensors of a structure that may hold None."""
    return [each for each in keras.tree.flatten(outputs) if tf.is_tensor(each)]
