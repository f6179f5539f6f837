"""The compiled training step: one on a batch, or many in one compiled while loop.

`Step` composes what the files below it hold: the gradients of an objective, their norm, the guard,
clipping, the optimizer, the weight average. What it returns is a flat dictionary of scalar tensors;
nothing is fetched here.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
import tensorflow as tf

from tfviz.errors import InputError
from tfviz.train.gradients import raw
from tfviz.train.guard import Guard
from tfviz.train.precision import computing_in
from tfviz.train.tracing import Traces, notice_eager
from tfviz.train.update import Updating

RESERVED = ("loss", "grad_norm", "finite")


class Step:
    """One training step, compiled once for each set of shapes.

    Args:
        model: The model, or the one that holds the others.
        updates: By name, what each step does in this order; one has the name ''.
        policy: What to do with a loss or gradient that isn't finite: 'raise', 'skip', 'record'.
        precision: Mixed precision to trace in; the model has it only while it is traced.
        extra: Traced functions `f(scope) -> {name: scalar}` that add to what a step returns;
            `scope` has batch, loss, gradients, variables.

    Attributes:
        guard: Latches the first bad batch.
        traces: How often it was compiled, and why again.
        steps: How many were made: a variable.
    """

    def __init__(
        self,
        model: Any,
        updates: Mapping[str, Updating],
        *,
        policy: str = "raise",
        precision: str | None = None,
        extra: Sequence[Callable[[Any], Mapping[str, tf.Tensor]]] = (),
    ) -> None:
        self.model = model
        self.updates = dict(updates)
        self.extra = list(extra)
        self.precision = precision
        self._policy = policy
        with tf.init_scope():
            self.steps = tf.Variable(0, dtype=tf.int64, trainable=False)
        self.guard: Guard | None = None
        self.traces = Traces()
        self._compiled: list[tuple[Any, list[Any], Any]] = []
        self._loops: dict[str, Any] = {}
        self._measuring: dict[str, Any] = {}
        self._results: Any = None
        self._alive: list[Any] = []

    # ---- one step

    def __call__(self, batch: Any) -> dict[str, tf.Tensor]:
        """Make one training step.

        Args:
            batch: `x`, `(x, y)` or `(x, y, sample_weight)`: tensors or arrays.

        Returns:
            Scalar tensors: 'loss', as minimised; 'grad_norm' before clipping; 'finite'; and what
            a function of one's own added.
        """
        if tf.config.functions_run_eagerly():
            notice_eager()
        flat = [_tensor(each) for each in tf.nest.flatten(batch)]
        found = self._fitting(batch, flat)
        if found is None:
            spec = tf.nest.pack_sequence_as(batch, [_open(each) for each in flat])
            found = self.compile(spec)
        return found(*[each for each in flat if each is not None])

    def _fitting(self, batch: Any, flat: Sequence[Any]) -> Any:
        """The graph that takes such a batch, None when it has to be traced."""
        kind = _kind(batch)
        for known, specs, concrete in self._compiled:
            if known == kind and len(specs) == len(flat) and all(map(_takes, specs, flat)):
                return concrete
        return None

    def compile(self, spec: Any) -> Any:
        """Trace the step for batches of this kind.

        Args:
            spec: A `tf.TypeSpec` for each part, as `dataset.element_spec` has it.
        """
        flat = tf.nest.flatten(spec)
        given = [each for each in flat if each is not None]
        guard = self._guarded()
        guard.prepare(spec)

        def body(*parts: Any) -> dict[str, tf.Tensor]:
            rest = iter(parts)
            packed = [None if each is None else next(rest) for each in flat]
            batch = tf.nest.pack_sequence_as(spec, packed)
            self.traces.note(batch)
            return self._step(batch)

        function = tf.function(body, input_signature=given, autograph=False)
        eager = tf.config.functions_run_eagerly()
        with computing_in(self.model, self.precision):
            concrete = function if eager else function.get_concrete_function()
        # The tf.function has to live as long as its graph is used.
        self._alive.append(function)
        self._compiled.insert(0, (_kind(spec), flat, concrete))
        return concrete

    def _guarded(self) -> Guard:
        if self.guard is not None:
            return self.guard
        changing = [raw(each) for each in self.model.non_trainable_variables]
        for update in self.updates.values():
            changing += [raw(v) for each in update.objective.metrics for v in each.variables]
        unique = list({id(each): each for each in changing}.values())
        seeds = [raw(each) for each in seed_variables(self.model)]
        self.guard = Guard(self._policy, unique, [s for s in seeds if any(s is u for u in unique)])
        return self.guard

    def _step(self, batch: Any) -> dict[str, tf.Tensor]:
        assert self.guard is not None
        guard = self.guard
        before = guard.before()
        number = self.steps.read_value()
        logs: dict[str, tf.Tensor] = {}
        losses, norms, finites = [], [], []
        for name, update in self.updates.items():
            computed, norm, finite = update.compute(batch)
            prefix = f"{name}_" if name else ""
            if name:
                logs[f"{prefix}loss"] = computed.loss
            logs.update({f"{prefix}{key}": value for key, value in computed.logs.items()})
            scope = {"batch": batch, "loss": computed.loss, "variables": update.variables}
            scope["gradients"] = computed.gradients
            if guard.policy == "raise":
                # Nothing more changes until the host has looked, however late it does.
                finite = finite & (guard.count == 0)

            def good(update: Updating = update, computed: Any = computed) -> tf.Tensor:
                update.apply(computed)
                return tf.constant(True)

            def bad(
                update: Updating = update, computed: Any = computed, norm: tf.Tensor = norm
            ) -> tf.Tensor:
                guard.close(batch, number, computed.loss, norm, before)
                if guard.policy == "record":
                    update.apply(computed)
                return tf.constant(False)

            tf.cond(finite, good, bad)
            for each in self.extra:
                logs.update({f"{prefix}{k}": v for k, v in each(scope).items()})
            losses.append(computed.loss)
            norms.append(norm)
            finites.append(finite)
        self.steps.assign_add(1)
        for key in RESERVED:
            if key in logs:
                raise InputError(
                    f"A step returned '{key}', which the trainer gives itself: give it another "
                    f"name."
                )
        return {
            "loss": tf.add_n(losses),
            "grad_norm": norms[0] if len(norms) == 1 else tf.linalg.global_norm(norms),
            # With 'raise' also False for all steps after the first bad one.
            "finite": tf.reduce_all(tf.stack(finites)),
            **logs,
        }

    # ---- many steps

    def run(self, iterator: Any, steps: int) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        """Make many steps in one compiled while loop.

        The loop ends early where the data ends, and where the guard closes under 'raise'.

        Args:
            iterator: A `tf.data` iterator whose batches are of the kind last compiled.
            steps: How many at most.

        Returns:
            How many were made, and for each name of a step's dictionary but 'finite' a vector of
            that length.
        """
        spec = iterator.element_spec
        if tf.config.functions_run_eagerly():
            return self._run_eagerly(iterator, steps)
        key = str(spec)
        loop = self._loops.get(key)
        if loop is None:
            concrete = self.compiled_for(spec)

            def many(source: Any, count: tf.Tensor) -> Any:
                return self._loop(concrete, source, count)

            loop = self._loops[key] = self._concrete(
                many, iterator, tf.TensorSpec((), tf.int32, name="count")
            )
        return loop(iterator, tf.constant(steps, tf.int32))

    def _run_eagerly(self, iterator: Any, steps: int) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        made = []
        for batch in itertools.islice(iterator, steps):
            made.append(self(batch))
            if self._policy == "raise" and not bool(made[-1]["finite"]):
                break
        names = [name for name in (made[0] if made else {}) if name != "finite"]
        return tf.constant(len(made)), {
            name: tf.stack([logs[name] for logs in made]) for name in names
        }

    def compiled_for(self, spec: Any) -> Any:
        """The step for batches of this kind; traced when it isn't there yet.

        Args:
            spec: A `tf.TypeSpec` for each part, as `dataset.element_spec` has it.
        """
        for kind, specs, concrete in self._compiled:
            if kind == _kind(spec) and specs == tf.nest.flatten(spec):
                return concrete
        return self.compile(spec)

    def _concrete(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Compiled for these arguments; called as it is where everything runs eagerly.

        Called by itself, each of these would be counted by TensorFlow as the same function over
        and over, and warned of.
        """
        compiled = tf.function(function, autograph=False)
        self._alive.append(compiled)
        if tf.config.functions_run_eagerly():
            return compiled
        with computing_in(self.model, self.precision):
            return compiled.get_concrete_function(*arguments)

    def _loop(
        self, concrete: Any, iterator: Any, steps: tf.Tensor
    ) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        spec = iterator.element_spec
        names: Mapping[str, Any] = concrete.structured_outputs
        arrays = {
            name: tf.TensorArray(each.dtype, size=steps, element_shape=())
            for name, each in names.items()
            if name != "finite"
        }
        stops = self._policy == "raise"

        def going(done: tf.Tensor, upcoming: Any, finite: tf.Tensor, *_: Any) -> tf.Tensor:
            return (done < steps) & upcoming.has_value() & finite

        def body(done: tf.Tensor, upcoming: Any, finite: tf.Tensor, kept: Any) -> Any:
            batch = upcoming.get_value()
            logs = concrete(*[each for each in tf.nest.flatten(batch) if each is not None])
            kept = {name: each.write(done, logs[name]) for name, each in kept.items()}
            go_on = logs["finite"] if stops else tf.constant(True)
            # Taken only when it will be used: a batch taken too early is lost to the next call.
            following = tf.cond(
                (done + 1 < steps) & go_on,
                iterator.get_next_as_optional,
                lambda: tf.experimental.Optional.empty(spec),
            )
            return done + 1, following, go_on, kept

        first = iterator.get_next_as_optional()
        done, _, _, kept = tf.while_loop(
            going,
            body,
            (tf.zeros((), tf.int32), first, tf.constant(True), arrays),
            parallel_iterations=1,
        )
        return done, {name: each.stack()[:done] for name, each in kept.items()}

    # ---- measuring

    def measure(self, batch: Any) -> None:
        """Update loss and metrics with a batch that is not trained on."""
        flat = [_tensor(each) for each in tf.nest.flatten(batch)]
        spec = tf.nest.pack_sequence_as(batch, [_open(each) for each in flat])
        key = str(spec)
        found = self._measuring.get(key)
        if found is None:
            given = tf.nest.flatten(spec)

            def measured(*parts: Any) -> None:
                rest = iter(parts)
                packed = [None if each is None else next(rest) for each in given]
                self._measured(tf.nest.pack_sequence_as(spec, packed))

            found = self._concrete(measured, *[each for each in given if each is not None])
            self._measuring[key] = found
        found(*[each for each in flat if each is not None])

    def _measured(self, batch: Any) -> None:
        for update in self.updates.values():
            forward = update.objective.forward(batch, training=False)
            update.objective.track(batch, forward.loss)
            update.objective.measure(batch, forward, training=False)

    def results(self) -> dict[str, float]:
        """Loss and metrics over what was measured since the last reset, as numbers."""
        if self._results is None:
            self._results = self._concrete(self._read)
        found = self._results()
        return {name: _number(value) for name, value in found.items()}

    def _read(self) -> dict[str, tf.Tensor]:
        found: dict[str, tf.Tensor] = {}
        several = len(self.updates) > 1
        for name, update in self.updates.items():
            prefix = f"{name}_" if several else ""
            found.update({f"{prefix}{k}": v for k, v in update.objective.results().items()})
        if several:
            found = {"loss": tf.add_n([found[f"{name}_loss"] for name in self.updates]), **found}
        return found

    def reset(self) -> None:
        """Start measuring anew."""
        for update in self.updates.values():
            update.objective.reset()


def seed_variables(model: Any) -> list[Any]:
    """The states of all random layers of a model: `seed_generator_state`."""
    return [each for each in model.variables if "seed_generator" in each.path]


def _number(value: Any) -> Any:
    array = value.numpy() if tf.is_tensor(value) else value
    return float(array) if getattr(array, "ndim", 0) == 0 else array


def _tensor(value: Any) -> Any:
    if value is None or tf.is_tensor(value) or isinstance(value, tf.RaggedTensor):
        return value
    if isinstance(value, keras.Variable):
        return value.value
    return tf.convert_to_tensor(value)


def _kind(batch: Any) -> Any:
    """How a batch is nested."""
    if isinstance(batch, dict):
        return tuple((name, _kind(batch[name])) for name in sorted(batch))
    if isinstance(batch, (tuple, list)):
        return tuple(map(_kind, batch))
    return None


def _takes(spec: Any, value: Any) -> bool:
    if spec is None or value is None:
        return spec is value
    return bool(spec.is_compatible_with(value))


def _open(value: Any) -> Any:
    """The spec of a part of a batch, whatever the number of samples."""
    if value is None:
        return None
    spec = tf.type_spec_from_value(value)
    if isinstance(spec, tf.TensorSpec) and spec.shape.rank:
        return tf.TensorSpec((None, *spec.shape[1:]), spec.dtype)
    return spec
