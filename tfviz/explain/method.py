"""What all class activation maps have in common: everything but the formula.

A method is a class of a few lines: its name, its paper, and `combine`, which makes a map of the
activations of a layer and of the gradients of the score by them.
"""

from __future__ import annotations

from typing import Any, ClassVar

import keras
import numpy as np
import tensorflow as tf

from tfviz.errors import ModelError
from tfviz.explain.compiled import Compiled, compiled
from tfviz.explain.explanation import Explanation
from tfviz.explain.inputs import Batch, as_batch
from tfviz.explain.notes import notes_on
from tfviz.explain.targets import Target, as_target
from tfviz.model.backend import require_keras_model
from tfviz.model.card import card_of
from tfviz.model.tap import TRACING
from tfviz.model.tree import find, walk


class ActivationMap:
    """A map of where a layer holds evidence for a score.

    Args:
        model: Any `keras.Model`: functional, Sequential, subclassed, nested. It is only listened
            to; weights, layers and settings stay as they are, and `set_weights` is seen by the
            next call.
        layer: Where to explain: a path (`base/conv5`), a name that occurs once, or the layer
            itself. None takes the last operation before the pooling or flattening that still has
            places in it, and says so in the result.
        output: Which output of a model with several, by index or name; None takes the first.
        batch_size: How many inputs run at once; memory depends on this alone.
        relu: Whether negative values are cut off; None does as the method's paper.
            False keeps the signed map, which is drawn diverging around zero.
        jit_compile: Compile with XLA, which runs what plain TensorFlow has no CPU kernels for
            (channels_first convolutions).

    Raises:
        ModelError: For a model of another library or backend.
        LayerError: When the layer does not exist.
    """

    name: ClassVar[str]
    paper_relu: ClassVar[bool] = True

    def __init__(
        self,
        model: keras.Model,
        layer: Any = None,
        *,
        output: int | str | None = None,
        batch_size: int = 32,
        relu: bool | None = None,
        jit_compile: bool = False,
    ) -> None:
        require_keras_model(model)
        if batch_size < 1:
            raise ValueError(f"batch_size={batch_size}: at least one input must run at once.")
        self.model = model
        self.output = output
        self.batch_size = batch_size
        self.relu = self.paper_relu if relu is None else relu
        self.jit_compile = jit_compile
        self._layer = layer
        # A layer object is only good for its path: kept itself, it would keep the model alive.
        self._path = None if layer is None or layer == "auto" else self._find(layer)

    @staticmethod
    def combine(activations: tf.Tensor, gradients: tf.Tensor) -> tf.Tensor:
        """The formula of the method, traced once.

        Args:
            activations: (batch, *spatial, channels) float32.
            gradients: Of the score by the activations, same shape.

        Returns:
            The signed map (batch, *spatial), before any ReLU.
        """
        raise TypeError("a method must say how it combines")  # pragma: no cover

    def __call__(self, inputs: Any, target: Any = None, *, images: Any = None) -> Explanation:
        """Explain a batch.

        Args:
            inputs: An array (batch, ...), or a list, tuple or dict of them for several inputs; goes
                into the model as it is (`tfviz.preprocess` makes it from photos).
            target: What to explain: None or 'top1' for what the model says, 'top2', ..., a class
                index or a class name, one index per input, `Contrast(a, b)`, `Side(positive)`, or a
                function of the outputs (logits in place of probabilities).
            images: The same as a person sees them, uint8 RGB, to draw on: one per input.

        Returns:
            The raw maps, the scores, and how they came about.

        Raises:
            InputError: When the inputs don't fit the model.
            TargetError: When the model has no such class.
            LayerError: When the layer can't give a map, with the reason.
        """
        batch = as_batch(self.model, inputs)
        card = card_of(self.model)
        wanted = as_target(target, card.find_class)
        self._build(batch)
        function = self._compiled(batch, wanted)
        facts = function.facts
        assert facts is not None  # tracing sets it
        wanted.check(facts.units, facts.activation)
        parameters = wanted.parameters(batch.count)
        parts = []
        for rows, part in batch.chunks(self.batch_size):
            own = {name: tf.constant(value[rows]) for name, value in parameters.items()}
            parts.append(self._run(function, part, own))
        result = {
            name: np.concatenate([part[name] for part in parts])
            for name in ("scores", "units", "signs", "outputs")
        }
        shared = []
        for call, source in enumerate(facts.sources):
            signed = np.concatenate([part["maps"][call] for part in parts])
            peaks = np.concatenate([part["gradient_peaks"][call] for part in parts])
            shared.append(
                Explanation.made(
                    method=type(self).name,
                    signed=signed,
                    relu=self.relu,
                    notes=notes_on(signed, peaks, result["scores"], relu=self.relu),
                    facts=facts,
                    call=call,
                    input_shape=batch.shapes[source] if source < len(batch.shapes) else (),
                    # Photos that were given belong to the first input.
                    images=images if source == facts.sources[0] else None,
                    target=wanted,
                    card=card,
                    **result,
                )
            )
        return shared[0].with_calls(tuple(shared))

    def _find(self, layer: Any) -> str:
        return find(walk(self.model), layer, self.model).path

    def _build(self, batch: Batch) -> None:
        """Give an un-built model its weights, as its first ordinary call would."""
        if self.model.built:
            return
        _, first = next(batch.chunks(1))
        with TRACING:
            self.model(first, training=False)

    def _compiled(self, batch: Batch, target: Target) -> Compiled:
        state = tuple(id(each) for each in self.model.variables)
        return compiled(
            self.model,
            combine=self.combine,
            method=type(self),
            layer=self._path,
            output=self.output,
            target=target,
            specs=batch.specs,
            specs_key=batch.key,
            jit_compile=self.jit_compile,
            state=hash(state),
        )

    def _run(
        self, function: Compiled, inputs: Any, parameters: dict[str, tf.Tensor]
    ) -> dict[str, Any]:
        try:
            made = function.run(inputs, parameters)
            return keras.tree.map_structure(lambda each: each.numpy(), made)
        except (tf.errors.UnimplementedError, tf.errors.InvalidArgumentError) as error:
            if "NHWC" not in str(error) and "NCHW" not in str(error):
                raise
            raise ModelError(
                f"Model '{self.model.name}' is channels_first, which TensorFlow can't run on a "
                f"CPU: pass jit_compile=True, use a GPU, or build it with "
                f"data_format='channels_last'."
            ) from error
