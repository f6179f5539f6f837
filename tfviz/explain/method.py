"""What all class activation maps have in common: everything but the formula.

A method is a class of a few lines. Its name and its paper, and one of three, the first that is
enough:

    combine(activations, gradients)    a static formula, one backward pass
    trace(scene)                       whatever can be said in one traced function
    run(work)                          several traced functions, each run as often as needed
"""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Callable, Hashable, Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import Any, ClassVar

import keras
import numpy as np
import tensorflow as tf

from tfviz.errors import InputError, LayerError, ModelError, nearest
from tfviz.explain.applicable import check
from tfviz.explain.assembling import Found, explained
from tfviz.explain.compiled import Compiled, Facts, compiled
from tfviz.explain.explanation import Explanation
from tfviz.explain.frozen import Constants
from tfviz.explain.fusing import FUSES
from tfviz.explain.inputs import Batch, as_batch, input_names
from tfviz.explain.joined import paths_of
from tfviz.explain.photos import ModelInputs, by_input
from tfviz.explain.scene import Scene, Where
from tfviz.explain.smoothing import smoothed
from tfviz.explain.target import PINNED
from tfviz.explain.targets import Target, as_target
from tfviz.explain.tokens import fold
from tfviz.explain.work import ROWS, Work, joined_rows, rows_of
from tfviz.model.backend import require_keras_model
from tfviz.model.card import card_of
from tfviz.model.loading import first_line
from tfviz.model.tap import TRACING
from tfviz.model.tree import walk


class ActivationMap:
    """A map of where a layer holds evidence for a score.

    Args:
        model: Any `keras.Model`: functional, Sequential, subclassed, nested. It is only listened
            to; weights, states, losses and settings stay as they are. `set_weights` and
            `quantize` are seen by the next call; after exchanging layers or activations, make a
            new explainer.
        layer: Where to explain: a path (`base/conv5`), a name that occurs once, or the layer
            itself. None takes the last operation before the pooling or flattening that still has
            places in it, and says so in the result. Several, as a list or joined by '+'
            (`conv4+conv5`), are explained in one run and fused.
        output: Which output of a model with several, by index or name; None takes the first.
        batch_size: How many inputs run at once; memory depends on this alone.
        relu: Whether negative values are cut off; None does as the method's paper.
            False keeps the signed map, which is drawn diverging around zero.
        fuse: How the maps of several layers become one: 'mean', 'max' or 'product' of the maps,
            each brought to the finest size and divided by its own largest value; None does as the
            method's paper.
        smooth: Explain mirrored and scaled copies of each input too (six in all), and take the
            mean of their maps, mirrored back.
        jit_compile: Compile with XLA, which runs what plain TensorFlow has no CPU kernels for
            (channels_first convolutions).

    Raises:
        ModelError: For a model of another library or backend.
        LayerError: When the layer does not exist.
    """

    name: ClassVar[str]
    paper_relu: ClassVar[bool] = True
    paper_fuse: ClassVar[str] = "mean"
    # Explains at the model's input in place of a layer.
    at_input: ClassVar[bool] = False
    # How many layers are taken where none is named: the last of each size.
    stages: ClassVar[int] = 1
    # Looks at activations alone: the map is the same for every target.
    class_agnostic: ClassVar[bool] = False
    # Weights that are taken for constants; see tfviz.explain.frozen.
    constants: Constants | None = None

    def __init__(
        self,
        model: keras.Model,
        layer: Any = None,
        *,
        output: int | str | None = None,
        batch_size: int = 32,
        relu: bool | None = None,
        fuse: str | None = None,
        smooth: bool = False,
        jit_compile: bool = False,
    ) -> None:
        require_keras_model(model)
        if batch_size < 1:
            raise InputError(f"batch_size={batch_size}: at least one input must run at once.")
        if fuse is not None and fuse not in FUSES:
            raise InputError(
                f"fuse={fuse!r} is none of {', '.join(FUSES)}.{nearest(str(fuse), FUSES)}"
            )
        self.model = model
        self.output = output
        self.batch_size = batch_size
        self.relu = self.paper_relu if relu is None else relu
        self.fuse = self.paper_fuse if fuse is None else fuse
        self.smooth = smooth
        self.jit_compile = jit_compile
        if self.at_input and layer is not None:
            raise LayerError(
                f"Method '{type(self).name}' explains at the model's input and takes no layer: "
                f"leave layer= out."
            )
        combine = inspect.getattr_static(type(self), "combine")
        if not isinstance(combine, staticmethod) and not self.settings:
            raise TypeError(
                f"{type(self).__name__}.combine must be a staticmethod, or `settings` must return "
                f"what tells its instances apart: traced functions are shared."
            )
        self._state = _state_of(model)
        # Layer objects are only good for their paths: kept themselves, they'd keep the model alive.
        self._where = Where(
            layers=paths_of(model, layer),
            output=output,
            at_input=self.at_input,
            stages=self.stages,
        )

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

    def trace(self, scene: Scene) -> Any:
        """What is made of one call of the model, traced once.

        What it uses of its instance must be in `settings`: traced functions are shared.

        Args:
            scene: The call: activations, gradients, logits, and other calls from it.

        Returns:
            Signed maps (batch, *spatial), one for each of `scene.spots`; for a method with a `run`
            of its own, tensors in any structure.
        """
        return [self.combine(A, G) for A, G in zip(scene.activations, scene.gradients, strict=True)]

    def run(self, work: Work) -> Any:
        """Explain a part of a batch.

        Args:
            work: Runs traced functions on the part: `work.look()` runs `trace`.

        Returns:
            Signed maps (batch, *spatial), one for each of `work.facts.spots`, as tensors or arrays.
        """
        return work.look()

    def calling(self) -> AbstractContextManager[Any]:
        """The context in which the model is called while it is traced."""
        return nullcontext()

    @contextlib.contextmanager
    def _calling(self) -> Iterator[None]:
        with self.calling(), nullcontext() if self.constants is None else self.constants():
            yield

    @property
    def settings(self) -> tuple[Hashable, ...]:
        """What besides its class tells a method with parameters from another: they go in here.

        Two methods of one class and with equal settings share a traced function.
        """
        return ()

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
                index or a class name, one index per input, `Contrast(a, b)`, `Side(positive)`,
                `Region`, `Detection`, `Similarity`, `Sum`, or a function of the outputs (logits in
                place of probabilities).
            images: The same as a person sees them, uint8 RGB, to draw on: one per input of the
                batch. For a model with several inputs those of the first that the layer looks at,
                or a dict by the input's name, or a list, with the photos of each.
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
        described = ModelInputs(input_names(self.model, batch.arrays), batch.shapes)
        by_input(images, described, batch.count)  # refuses before anything is run
        self._build(batch)
        found = self._found(batch, wanted)
        if self.smooth:
            pinned = wanted.pinned(*(found.rows[name] for name in PINNED))
            found = smoothed(
                found,
                batch,
                lambda other, width: self._found(
                    other, pinned if width is None else pinned.mirrored(width)
                ),
            )
        return explained(
            found,
            method=type(self).name,
            relu=self.relu,
            fuse=self.fuse,
            smooth=self.smooth,
            class_agnostic=self.class_agnostic,
            target=wanted,
            card=card,
            inputs=described,
            images=images,
            resize=resize or card.resize,
        )

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

    def _found(self, batch: Batch, target: Target) -> Found:
        """Signed maps of a batch, run in parts and put together."""
        target.check_inputs(batch.shapes)
        look = self._traced(batch, self._checked, ("look",), target)
        facts = look.facts
        assert facts is not None  # tracing sets it
        target.check_outputs(facts.units, facts.endings, facts.index)
        try:
            parts = self._in_parts(look, batch, target, self.batch_size)
        except tf.errors.OpError as error:
            fixed = _fixed_batch(self.model)
            if fixed is None or fixed == self.batch_size:
                raise ModelError(_why_not_run(self.model.name, error)) from error
            # Built for batches of one size (`batch_shape=`), which some layers rely on.
            parts = self._in_parts(look, batch, target, fixed, padded=True)
        maps, folded = [], []
        for index, spot in enumerate(facts.spots):
            signed, note = fold(np.concatenate([part["maps"][index] for part in parts]), spot.grid)
            maps.append(signed)
            folded.append(note)
        return Found(
            facts=facts,
            maps=tuple(maps),
            folded=tuple(folded),
            peaks=tuple(
                np.concatenate(each)
                for each in zip(*(part["gradient_peaks"] for part in parts), strict=True)
            ),
            rows=joined_rows([{name: part[name] for name in ROWS} for part in parts]),
        )

    def _in_parts(
        self, look: Compiled, batch: Batch, target: Target, size: int, *, padded: bool = False
    ) -> list[dict[str, Any]]:
        parameters = target.parameters(batch.count)

        def tracer(
            body: Callable[..., Any],
            key: Hashable,
            pinned: Target,
            arguments: tuple[tf.TensorSpec, ...],
            facts: Facts,
        ) -> Compiled:
            return self._traced(batch, body, ("further", key), pinned, arguments, facts)

        parts = []
        for rows, part in batch.chunks(size, padded=padded):
            index: Any = rows
            count = rows.stop - rows.start
            if padded:
                index = np.minimum(np.arange(rows.start, rows.start + size), batch.count - 1)
            work = Work.of(
                part,
                size if padded else count,
                size,
                target,
                rows_of(parameters, index),
                look,
                tracer,
            )
            maps = self.run(work)
            work.look()
            made = {name: work.seen[name] for name in (*ROWS, "gradient_peaks")}
            made["maps"] = [np.asarray(each, np.float32) for each in maps]
            parts.append(keras.tree.map_structure(lambda each, n=count: each[:n], made))
        return parts

    def _checked(self, scene: Scene) -> Any:
        check(type(self).name, scene)
        return self.trace(scene)

    def _traced(
        self,
        batch: Batch,
        body: Callable[..., Any],
        key: Hashable,
        target: Target,
        arguments: tuple[tf.TensorSpec, ...] = (),
        facts: Facts | None = None,
    ) -> Compiled:
        variables = tuple(id(each) for each in self.model.variables)
        return compiled(
            self.model,
            body=body,
            calling=self._calling,
            method=(type(self), self.settings, key, self.constants),
            where=self._where,
            target=target,
            specs=batch.specs,
            specs_key=batch.key,
            arguments=arguments,
            spots=None if facts is None else facts.spots,
            jit_compile=self.jit_compile,
            state=hash((self._state, variables)),
        )


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
