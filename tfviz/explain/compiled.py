"""The traced functions, one a (model, layer, method, kind of target), made once and shared.

Tracing a model takes about a second, running it a few hundredths. So traced functions are kept by
model: a new class, a new explainer on the same model or a smaller last batch finds the one that
exists. The cache must not keep a model alive: it is keyed weakly, and what a traced function closes
over is emptied when tracing ends, for a value that holds its own key would never let go.
"""

from __future__ import annotations

import threading
import weakref
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from tfviz.autodiff.missing import why_no_gradient, why_untraceable
from tfviz.errors import LayerError, ModelError, TfvizError
from tfviz.explain.plan import Listened, Plan, listen, settle
from tfviz.explain.targets import Function, Target
from tfviz.explain.tokens import Grid
from tfviz.model.choice import Choice
from tfviz.model.tap import TRACING

# A traced function holds a graph of some megabytes; more than a few of one model are rarely used.
MOST_PER_MODEL = 16
# float16 loses what is smaller than 6e-8, and a gradient averaged over a map soon is. A power of
# two changes no digit, and leaves room to the largest float16, 65504.
HALF_SCALE = 1024.0

Combine = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]


@dataclass(frozen=True)
class Facts:
    """What was settled while tracing, without any tensor.

    Attributes:
        choice: The layer, and why.
        how: How the score was obtained, in words.
        activation: What ends the model: 'softmax', 'sigmoid', ... or None.
        units: Number of output units, None when unknown.
        sources: Index of the model input that each call of the layer looks at.
        output_name: Which output, None for a model with one.
        spatial_output: Whether the output has places (a segmentation).
        class_axis: The axis of the output that holds its classes.
        grids: How the tokens of each call lie in the image; None where they don't.
        half: Whether the layer gives float16.
    """

    choice: Choice
    how: str
    activation: str | None
    units: int | None
    sources: tuple[int, ...]
    output_name: str | None
    spatial_output: bool
    class_axis: int
    grids: tuple[Grid | None, ...]
    half: bool


@dataclass
class Compiled:
    """A traced function with what was settled for it.

    Attributes:
        run: Takes inputs, parameters of the target and the scale of the score.
        facts: What was settled.
        traces: How often it was traced: once.
        written: Handles and types of the variables that the model itself writes when it is called
            (states of a stateful layer, averages of a BatchNormalization told to train): they are
            put back.
    """

    run: Any = None
    facts: Facts | None = None
    traces: int = 0
    written: tuple[tuple[tf.Tensor, tf.DType], ...] = ()


_cache: weakref.WeakKeyDictionary[Any, OrderedDict[Hashable, Compiled]] = (
    weakref.WeakKeyDictionary()
)
_guard = threading.Lock()


def traces_of(model: Any) -> int:
    """How often functions on this model were traced, of those still kept."""
    with _guard:
        return sum(each.traces for each in _cache.get(model, {}).values())


def compiled(
    model: Any,
    *,
    combine: Combine,
    method: Hashable,
    layer: str | None,
    output: int | str | None,
    target: Target,
    specs: Any,
    specs_key: Hashable,
    jit_compile: bool,
    state: Hashable,
) -> Compiled:
    """The traced function for this, from the cache or made now.

    Args:
        model: A built `keras.Model`.
        combine: Activations and gradients, both (batch, *spatial, channels) float32, to a signed
            map (batch, *spatial).
        method: What tells `combine` from others.
        layer: Path of the layer; None chooses.
        output: The output to explain; None takes the first.
        target: What is explained.
        specs: `tf.TensorSpec`s in the structure that the model takes.
        specs_key: Equal for equal specs.
        jit_compile: Compile with XLA.
        state: Changes when the model's weights are other objects than before (`quantize()`).
    """
    key = (method, layer, output, target.kind, specs_key, jit_compile, state)
    with _guard:
        kept = _cache.setdefault(model, OrderedDict())
        if key in kept:
            kept.move_to_end(key)
            return kept[key]
    with TRACING:
        # Another thread may have made it while this one waited.
        with _guard:
            if key in kept:
                return kept[key]
        made = _trace(model, combine, layer, output, target, specs, jit_compile)
        with _guard:
            kept[key] = made
            while len(kept) > MOST_PER_MODEL:
                kept.popitem(last=False)
    return made


def _trace(
    model: Any,
    combine: Combine,
    layer: str | None,
    output: int | str | None,
    target: Target,
    specs: Any,
    jit_compile: bool,
) -> Compiled:
    result = Compiled()
    # Emptied once traced: a concrete function never traces again, and what it closes over would
    # keep the model, or a user's function that closes over the model, alive.
    subject: list[Any] = [model, target]

    def run(inputs: Any, parameters: dict[str, tf.Tensor], scale: tf.Tensor) -> dict[str, Any]:
        result.traces += 1
        traced, wanted = subject
        listened = listen(traced, inputs, output)
        explained = listened.explained
        any_output = isinstance(wanted, Function)
        spatial = (explained.tensor.shape.rank or 0) > 2
        flat = _flat(listened)
        score = wanted.score(
            listened.all_logits if any_output else flat,
            parameters,
            activation=explained.activation,
            spatial=spatial,
        )
        plan = settle(traced, listened, layer, score.value)
        result.facts = Facts(
            choice=plan.choice,
            how=explained.how,
            activation=explained.activation,
            units=flat.shape[1],
            sources=plan.sources,
            output_name=(
                listened.names[listened.index]
                if len(listened.outputs) > 1 and not any_output
                else None
            ),
            spatial_output=spatial,
            class_axis=listened.class_axis,
            grids=plan.grids,
            half=any(each.value.dtype == tf.float16 for each in plan.calls),
        )
        maps, peaks = _maps(plan, score.value, combine, scale)
        return {
            "maps": maps,
            "gradient_peaks": peaks,
            "scores": tf.cast(score.value, tf.float32),
            "units": score.unit,
            "others": score.other,
            "signs": tf.cast(score.sign, tf.float32),
            "outputs": tf.cast(listened.outputs[listened.index], tf.float32),
        }

    function = tf.function(run, autograph=False, jit_compile=jit_compile or None)
    parameter_specs = {
        name: tf.TensorSpec((None,), dtype) for name, dtype in target.signature.items()
    }
    try:
        result.run = function.get_concrete_function(
            specs, parameter_specs, tf.TensorSpec((), tf.float32)
        )
        result.written = _written(result.run.graph)
    except ValueError as error:
        reason = None if isinstance(error, TfvizError) else why_untraceable(model.name, error)
        if reason is None:
            raise
        raise ModelError(reason) from error
    finally:
        subject.clear()
    return result


def _written(graph: Any) -> tuple[tuple[tf.Tensor, tf.DType], ...]:
    """Handles and types of the variables that a traced call assigns to."""
    types = {
        id(operation.inputs[0]): operation.get_attr("dtype")
        for operation in graph.get_operations()
        if operation.type.startswith("Assign") and operation.type.endswith("VariableOp")
    }
    return tuple(
        (outside, types[id(inside)]) for outside, inside in graph.captures if id(inside) in types
    )


def _maps(
    plan: Plan, score: tf.Tensor, combine: Combine, scale: tf.Tensor
) -> tuple[list[tf.Tensor], list[tf.Tensor]]:
    """One signed map a call of the layer, and the largest gradient of each input."""
    tapped = [each.value for each in plan.calls]
    gradients = tf.gradients(tf.cast(score, tf.float32) * scale, tapped)
    maps, peaks = [], []
    for tensor, gradient, layout in zip(tapped, gradients, plan.layouts, strict=True):
        if gradient is None:
            raise LayerError(why_no_gradient(plan.choice.path, plan.node.operation, tensor, score))
        A = _channels_last(tf.cast(tensor, tf.float32), layout)
        G = _channels_last(tf.cast(gradient, tf.float32) / scale, layout)
        maps.append(combine(A, G))
        peaks.append(tf.reduce_max(tf.abs(G), axis=list(range(1, len(G.shape)))))
    return maps, peaks


def _channels_last(tensor: tf.Tensor, layout: str) -> tf.Tensor:
    if layout == "channels_last":
        return tensor
    rank = len(tensor.shape)
    return tf.transpose(tensor, [0, *range(2, rank), 1])


def _flat(listened: Listened) -> tf.Tensor:
    """Logits as (batch, units): the mean over places where the output has some.

    Source: Vinogradova et al., "Towards Interpretable Semantic Segmentation via Gradient-weighted
    Class Activation Mapping", 2020, equation 3, over all pixels and as a mean, so that the score
    does not grow with the picture.
    """
    logits = tf.cast(listened.explained.tensor, tf.float32)
    rank = logits.shape.rank
    if rank == 1:
        return logits[:, None]
    if rank == 2:
        return logits
    places = [axis for axis in range(1, rank) if axis != listened.class_axis]
    return tf.reduce_mean(logits, axis=places)
