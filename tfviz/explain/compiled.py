"""The traced functions, one a (model, layers, method, kind of target), made once and shared.

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
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Any

import tensorflow as tf

from tfviz.autodiff.missing import why_untraceable
from tfviz.errors import ModelError, TfvizError
from tfviz.explain.outputs import Ending
from tfviz.explain.scene import Scene, Spot, Where
from tfviz.explain.target import Target
from tfviz.model.choice import Choice
from tfviz.model.tap import TRACING

# A traced function holds a graph of some megabytes; more than a few of one model are rarely used.
MOST_PER_MODEL = 16
# float16 loses what is smaller than 6e-8, and a gradient averaged over a map soon is. A power of
# two changes no digit, and leaves room to the largest float16, 65504.
HALF_SCALE = 1024.0

# What is traced of a method: takes the scene and the arguments, returns tensors in any structure.
Body = Callable[..., Any]


@dataclass(frozen=True)
class Facts:
    """What was settled while tracing, without any tensor.

    Attributes:
        choices: The layers, and why; one where none are joined.
        spots: All calls of these layers, one map each.
        at_input: Whether the model's input is explained at, in place of a layer.
        how: How the score was obtained, in words.
        activation: What ends the model: 'softmax', 'sigmoid', ... or None.
        units: Number of output units, None when unknown.
        output_name: Which output, None for a model with one.
        class_axis: The axis of the output that holds its classes.
        remark: What else holds for all scores, in words; '' for nothing.
        endings: How each output ends.
        index: Which output is explained.
        remarks: What the method had to say of this model.
    """

    choices: tuple[Choice, ...]
    spots: tuple[Spot, ...]
    at_input: bool
    how: str
    activation: str | None
    units: int | None
    output_name: str | None
    class_axis: int
    remark: str
    endings: tuple[Ending, ...]
    index: int
    remarks: tuple[str, ...] = ()

    @property
    def half(self) -> bool:
        """Whether a layer gives float16."""
        return any(spot.half for spot in self.spots)


@dataclass
class Compiled:
    """A traced function with what was settled for it.

    Attributes:
        run: Takes inputs, parameters of the target, the scale of the score, and the arguments.
        facts: What was settled; None where it was settled before.
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
    body: Body,
    calling: Callable[[], AbstractContextManager[Any]],
    method: Hashable,
    where: Where,
    target: Target,
    specs: Any,
    specs_key: Hashable,
    jit_compile: bool,
    state: Hashable,
    arguments: tuple[tf.TensorSpec, ...] = (),
    spots: tuple[Spot, ...] | None = None,
) -> Compiled:
    """The traced function for this, from the cache or made now.

    Args:
        model: A built `keras.Model`.
        body: What is traced.
        calling: Makes the context in which the model is called.
        method: What tells `body` from others.
        where: What is explained, and where.
        target: What is explained.
        specs: `tf.TensorSpec`s in the structure that the model takes.
        specs_key: Equal for equal specs.
        jit_compile: Compile with XLA.
        state: Changes when the model's weights are other objects than before (`quantize()`).
        arguments: Of what the body takes besides the scene.
        spots: What a first look settled; None looks for the first time, and gives besides what
            the body gives the scores and all that a result says of them.
    """
    key = (method, where, target.kind, specs_key, jit_compile, state, _key(arguments), spots)
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
        made = _trace(model, body, calling, where, target, specs, arguments, spots, jit_compile)
        with _guard:
            kept[key] = made
            while len(kept) > MOST_PER_MODEL:
                kept.popitem(last=False)
    return made


def _key(specs: tuple[tf.TensorSpec, ...]) -> Hashable:
    return tuple((tuple(spec.shape), spec.dtype.name) for spec in specs)


def _trace(
    model: Any,
    body: Body,
    calling: Callable[[], AbstractContextManager[Any]],
    where: Where,
    target: Target,
    specs: Any,
    arguments: tuple[tf.TensorSpec, ...],
    spots: tuple[Spot, ...] | None,
    jit_compile: bool,
) -> Compiled:
    result = Compiled()
    # Emptied once traced: a concrete function never traces again, and what it closes over would
    # keep the model, the explainer, or a user's function that closes over the model, alive.
    subject: list[Any] = [model, target, body, calling]

    def run(
        inputs: Any, parameters: dict[str, tf.Tensor], scale: tf.Tensor, *given: tf.Tensor
    ) -> Any:
        result.traces += 1
        traced, wanted, formula, around = subject
        scene = Scene(traced, inputs, wanted, parameters, scale, where, spots=spots, calling=around)
        if spots is not None:
            return formula(scene, *given)
        # First, so that a layer or an output that isn't there is what is said.
        result.facts = _facts(scene)
        made = formula(scene, *given)
        result.facts = replace(result.facts, remarks=tuple(scene.remarks))
        score = scene.target_score
        return {
            "made": made,
            "gradient_peaks": scene.peaks,
            "scores": scene.score,
            "units": score.unit,
            "others": score.other,
            "signs": tf.cast(score.sign, tf.float32),
            "kept": score.kept,
            "outputs": tf.cast(scene.listened.outputs[scene.listened.index], tf.float32),
        }

    function = tf.function(run, autograph=False, jit_compile=jit_compile or None)
    try:
        result.run = function.get_concrete_function(
            specs,
            {name: _row_spec(each) for name, each in target.signature.items()},
            tf.TensorSpec((), tf.float32),
            *arguments,
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


def _row_spec(given: Any) -> tf.TensorSpec:
    return given if isinstance(given, tf.TensorSpec) else tf.TensorSpec((None,), given)


def _facts(scene: Scene) -> Facts:
    listened, target = scene.listened, scene.target
    return Facts(
        choices=tuple(plan.choice for plan in scene.plans),
        spots=scene.spots,
        at_input=scene.where.at_input,
        how=target.how(scene.outputs),
        activation=listened.explained.activation,
        units=scene.logits.shape[1],
        output_name=(
            listened.names[listened.index]
            if len(listened.outputs) > 1 and not target.reads_all
            else None
        ),
        class_axis=listened.class_axis,
        remark=target.remark(scene.outputs),
        endings=scene.outputs.endings,
        index=listened.index,
    )


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
