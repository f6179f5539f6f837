"""What all class activation maps have in common: everything but the formula.

A method is a class of a few lines: its name, its paper, and `combine`, which makes a map of the
activations of a layer and of the gradients of the score by them.
"""

from __future__ import annotations

import contextlib
import inspect
import threading
from collections.abc import Hashable, Iterator, Sequence
from typing import Any, ClassVar

import keras
import numpy as np
import tensorflow as tf

from tfviz.errors import InputError, ModelError
from tfviz.explain.compiled import HALF_SCALE, Compiled, compiled
from tfviz.explain.explanation import Explanation
from tfviz.explain.inputs import Batch, as_batch
from tfviz.explain.notes import notes_on
from tfviz.explain.targets import Parameters, Target, as_target
from tfviz.explain.tokens import fold
from tfviz.model.backend import require_keras_model
from tfviz.model.card import card_of
from tfviz.model.loading import first_line
from tfviz.model.tap import TRACING
from tfviz.model.tree import find, walk

# What a traced function gives besides maps, one row an input.
RESULTS = ("scores", "units", "others", "signs", "outputs")


class ActivationMap:
    """A map of where a layer holds evidence for a score.

    Args:
        model: Any `keras.Model`: functional, Sequential, subclassed, nested. It is only listened
            to; weights, states, losses and settings stay as they are. `set_weights` and
            `quantize` are seen by the next call; after exchanging layers or activations, make a
            new explainer.
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
            raise InputError(f"batch_size={batch_size}: at least one input must run at once.")
        self.model = model
        self.output = output
        self.batch_size = batch_size
        self.relu = self.paper_relu if relu is None else relu
        self.jit_compile = jit_compile
        combine = inspect.getattr_static(type(self), "combine")
        if not isinstance(combine, staticmethod) and not self.settings:
            raise TypeError(
                f"{type(self).__name__}.combine must be a staticmethod, or `settings` must return "
                f"what tells its instances apart: traced functions are shared."
            )
        self._state = _state_of(model)
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

    def __call__(
        self,
        inputs: Any,
        target: Any = None,
        *,
        images: Any = None,
        resize: str | None = None,
    ) -> Explanation:
        """Explain a batch.

        Args:
            inputs: An array (batch, ...), or a list, tuple or dict of them for several inputs; goes
                into the model as it is (`tfviz.preprocess` makes it from photos).
            target: What to explain: None or 'top1' for what the model says, 'top2', ..., a class
                index or a class name, one index per input, `Contrast(a, b)`, `Side(positive)`, or a
                function of the outputs (logits in place of probabilities).
            images: The same as a person sees them, uint8 RGB, to draw on: one per input.
            resize: How `images` were brought to the model's size, as given to `preprocess`:
                'stretch' (the default), 'crop' or 'letterbox'. The map goes back the same way.

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
        if images is not None and len(images) != batch.count:
            raise InputError(f"{len(images)} images were given for {batch.count} inputs.")
        self._build(batch)
        function = self._compiled(batch, wanted)
        facts = function.facts
        assert facts is not None  # tracing sets it
        wanted.check(facts.units, facts.activation)
        result = self._results(function, batch, wanted.parameters(batch.count))
        same = (result["others"] >= 0) & (result["others"] == result["units"])
        explanations = []
        for call, source in enumerate(facts.sources):
            signed, folded = fold(result[f"map {call}"], facts.grids[call])
            notes = notes_on(
                signed, result[f"peak {call}"], result["scores"], relu=self.relu, same=same
            )
            explanations.append(
                Explanation.made(
                    method=type(self).name,
                    maps=np.maximum(signed, 0) if self.relu else signed,
                    notes=notes,
                    folded=folded,
                    facts=facts,
                    call=call,
                    input_shape=batch.shapes[source] if source < len(batch.shapes) else (),
                    # Photos that were given belong to the first input.
                    images=images if source == facts.sources[0] else None,
                    resize=resize or card.resize,
                    target=wanted,
                    card=card,
                    **{name: result[name] for name in RESULTS},
                )
            )
        return explanations[0].with_calls(tuple(explanations))

    def _find(self, layer: Any) -> str:
        return find(walk(self.model), layer, self.model).path

    def _build(self, batch: Batch) -> None:
        """Give an un-built model its weights, as its first ordinary call would."""
        if self.model.built:
            return
        _, first = next(batch.chunks(1))
        try:
            with TRACING:
                self.model(first, training=False)
        except Exception as error:  # Keras and the model raise what they like
            shapes = ", ".join(str(shape) for shape in batch.shapes)
            raise ModelError(
                f"Model '{self.model.name}' was never built, and can't be built by inputs of shape "
                f"{shapes}: {first_line(error)}"
            ) from error

    @property
    def settings(self) -> tuple[Hashable, ...]:
        """What besides its class tells a method with parameters from another: they go in here.

        Two methods of one class and with equal settings share a traced function.
        """
        return ()

    def _compiled(self, batch: Batch, target: Target) -> Compiled:
        variables = tuple(id(each) for each in self.model.variables)
        return compiled(
            self.model,
            combine=self.combine,
            method=(type(self), self.settings),
            layer=self._path,
            output=self.output,
            target=target,
            specs=batch.specs,
            specs_key=batch.key,
            jit_compile=self.jit_compile,
            state=hash((self._state, variables)),
        )

    def _results(
        self, function: Compiled, batch: Batch, parameters: Parameters
    ) -> dict[str, np.ndarray]:
        """Run all of a batch in parts and put the parts together."""
        try:
            return self._in_parts(function, batch, parameters, self.batch_size)
        except tf.errors.OpError as error:
            fixed = _fixed_batch(self.model)
            if fixed is not None and fixed != self.batch_size:
                # Built for batches of one size (`batch_shape=`), which some layers rely on.
                return self._in_parts(function, batch, parameters, fixed, padded=True)
            raise ModelError(_why_not_run(self.model.name, error)) from error

    def _in_parts(
        self,
        function: Compiled,
        batch: Batch,
        parameters: Parameters,
        size: int,
        *,
        padded: bool = False,
    ) -> dict[str, np.ndarray]:
        facts = function.facts
        assert facts is not None
        parts = []
        for rows, part in batch.chunks(size, padded=padded):
            index: Any = rows
            if padded:
                index = np.minimum(np.arange(rows.start, rows.start + size), batch.count - 1)
            own = {name: tf.constant(value[index]) for name, value in parameters.items()}
            made = self._run(function, part, own, HALF_SCALE if facts.half else 1.0)
            if facts.half and not all(np.isfinite(each).all() for each in made["maps"]):
                # float16 ends at 65504: large logits have no room for the scale.
                made = self._run(function, part, own, 1.0)
            count = rows.stop - rows.start
            parts.append(keras.tree.map_structure(lambda each, n=count: each[:n], made))
        joined = {
            name: np.concatenate([part[name] for part in parts])
            for name in ("scores", "units", "others", "signs", "outputs")
        }
        for call in range(len(facts.sources)):
            joined[f"map {call}"] = np.concatenate([part["maps"][call] for part in parts])
            peaks = [part["gradient_peaks"][call] for part in parts]
            joined[f"peak {call}"] = np.concatenate(peaks)
        return joined

    def _run(
        self, function: Compiled, inputs: Any, parameters: dict[str, tf.Tensor], scale: float
    ) -> dict[str, Any]:
        with _put_back(function.written):
            made = function.run(inputs, parameters, tf.constant(scale))
            return keras.tree.map_structure(lambda each: each.numpy(), made)


# Held while variables that the model writes are put back: two runs would mix them up.
_WRITING = threading.Lock()


@contextlib.contextmanager
def _put_back(written: Sequence[tuple[tf.Tensor, tf.DType]]) -> Iterator[None]:
    """Leave variables that the model writes when it is called as they were."""
    if not written:
        yield
        return
    with _WRITING:
        kept = [
            tf.identity(tf.raw_ops.ReadVariableOp(resource=handle, dtype=dtype))
            for handle, dtype in written
        ]
        try:
            yield
        finally:
            for (handle, _), value in zip(written, kept, strict=True):
                tf.raw_ops.AssignVariableOp(resource=handle, value=value)


def _fixed_batch(model: Any) -> int | None:
    """The batch size that a model was built for, None when it takes any."""
    inputs = getattr(model, "inputs", None) or []
    sizes = {each.shape[0] for each in inputs if len(each.shape)} - {None}
    return int(sizes.pop()) if len(sizes) == 1 else None


def _why_not_run(name: str, error: Exception) -> str:
    if "NHWC" in str(error) or "NCHW" in str(error):
        return (
            f"Model '{name}' is channels_first, which TensorFlow can't run on a CPU: pass "
            f"jit_compile=True, use a GPU, or build it with data_format='channels_last'."
        )
    said = next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
    return f"Model '{name}' fails on these inputs, as `model.predict` does: {said[:300]}"


def _state_of(model: Any) -> int:
    """Changes when layers are added, replaced, quantised or given another activation."""
    return hash(
        tuple(
            (
                id(node.operation),
                id(getattr(node.operation, "activation", None)),
                getattr(node.operation, "quantization_mode", None),
                getattr(getattr(node.operation, "dtype_policy", None), "name", None),
            )
            for node in walk(model)
        )
    )
