"""`step`: run one training step and tell all of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from tfviz.learn.steps.lesson import StepLesson
from tfviz.learn.steps.nudging import Nudge, nudge_loss
from tfviz.learn.steps.objective import in_words, own_step, ready
from tfviz.learn.steps.oping import Ops
from tfviz.learn.steps.records import BEHIND, LayerStep, Numbers, OpStep, Weight, ratio_of
from tfviz.learn.steps.tracing import Heard, Traced, loss_of, trace
from tfviz.learn.steps.updating import update_norms
from tfviz.model.tree import walk

# Each costs four forward passes.
MOST_WEIGHTS_NUDGED = 24
_HALVES = ("float16", "bfloat16")


def step(
    model: Any,
    x: Any,
    y: Any = None,
    loss: Any = None,
    sample_weight: Any = None,
    *,
    checks: bool = True,
) -> StepLesson:
    """One real training step of a model, op by op: values, gradients, local rules.

    The step is run with `training=True` on the whole batch, its gradients are those of a
    `tf.GradientTape`. Nothing of the model changes: weights, moving statistics, seeds.

        print(tfviz.learn.step(model, x[:8], y[:8]))

    Args:
        model: A `keras.Model`.
        x: Inputs as `fit` takes them, with the batch in front.
        y: Labels in the same way.
        loss: As in `model.compile`; None takes the loss that the model is compiled with.
        sample_weight: One weight a sample.
        checks: Whether each op, and each weight, is also held against finite differences.

    Returns:
        A `StepLesson`: print it, `.layer("conv1")`, `.save(folder, ["html"])`.

    Raises:
        ModelError: When there is no loss.
        InputError: When the batch can't be right for the model or the loss, or is too large.
        GradientError: When no gradient flows to any variable.
    """
    objective, batch = ready(model, x, y, loss, sample_weight)
    traced = trace(model, objective, batch)
    owners = _owners(model, traced)
    ops = Ops(traced, owners, checks).steps()
    variables = list(model.trainable_variables)
    gradients = _gradients(variables, traced)
    nudges = _nudges(model, objective, batch, variables, gradients) if checks else {}
    updates, updated_by = update_norms(model, variables, gradients)
    weights = tuple(
        Weight(
            path=each.path,
            value=Numbers.of(each.numpy()),
            gradient=None if gradient is None else Numbers.of(gradient),
            update=update,
            ratio=update / size if (size := Numbers.of(each.numpy()).norm) else None,
            nudge=nudges.get(each.path),
        )
        for each, gradient, update in zip(variables, gradients, updates, strict=True)
    )
    used = in_words(objective.losses) if objective.losses is not None else "the model's own"
    return StepLesson(
        name=f"step-{model.name}",
        model=model.name,
        loss=float(traced.values[traced.loss]),
        loss_name=used,
        samples=int(tf.nest.flatten(batch[0])[0].shape[0]),
        layers=tuple(_layers(traced, ops, owners, weights)),
        ops=ops,
        weights=weights,
        updated_by=updated_by,
        graph_ops=len(traced.ops),
        notes=tuple(_notes(model, objective, traced)),
        gradients={v.path: g for v, g in zip(variables, gradients, strict=True) if g is not None},
    )


def _gradients(variables: Sequence[Any], traced: Traced) -> list[np.ndarray | None]:
    by_path = {path: name for name, path in traced.leaves.items()}
    return [traced.gradients.get(by_path[each.path]) for each in variables]


def _owners(model: Any, traced: Traced) -> dict[str, str]:
    """Which layer each variable belongs to: the innermost that holds it."""
    found = {each.path: "" for each in model.variables}
    for node in walk(model):
        for each in getattr(node.operation, "variables", ()):
            found[each.path] = node.path
    heard = {each.path for each in traced.calls}
    # A layer inside a loop (the cell of an LSTM) is part of the layer that loops.
    for path, owner in found.items():
        while owner and owner not in heard:
            owner = owner.rpartition("/")[0]
        found[path] = owner
    return found


def _layers(
    traced: Traced, ops: Sequence[OpStep], owners: dict[str, str], variables: Sequence[Weight]
) -> list[LayerStep]:
    calls = list(traced.calls)
    root = next(each for each in calls if not each.path)
    behind = Heard(BEHIND, "", 0, 0, root.stop, len(traced.ops), (traced.loss,))
    own: dict[Heard, list[str]] = {each: [] for each in (*calls, behind)}
    with_gradient = {each.name for each in ops}
    silent = dict.fromkeys(own, 0)
    for i, op in enumerate(traced.ops):
        call = innermost(calls, i) or (behind if i >= root.stop else None)
        if call is None:
            continue
        if op.name in with_gradient:
            own[call].append(op.name)
        else:
            silent[call] += 1
    times: dict[str, int] = {}
    for each in calls:
        times[each.path] = times.get(each.path, 0) + 1
    weights: dict[str, list[Weight]] = {}
    for weight in variables:
        weights.setdefault(owners[weight.path], []).append(weight)
    made = []
    for call in (*calls, behind):
        name = next((each for each in call.outputs if each in traced.values), None)
        gradient = traced.gradients.get(name or "")
        own_weights = weights.get(call.path, []) if call.number == 0 else []
        made.append(
            LayerStep(
                path=call.path,
                kind=call.kind,
                call=call.number + 1,
                calls=times.get(call.path, 1),
                depth=call.depth,
                output=None if name is None else Numbers.of(traced.values[name]),
                gradient=None if gradient is None else Numbers.of(gradient),
                ops=tuple(own[call]),
                silent=silent[call],
                weights=tuple(each.path for each in own_weights),
                ratio=ratio_of(own_weights),
            )
        )
    return made


def innermost(calls: Sequence[Heard], index: int) -> Heard | None:
    """The call of a layer that made an op, by the op's index."""
    holding = [each for each in calls if each.start <= index < each.stop]
    return max(holding, key=lambda each: each.depth) if holding else None


def _nudges(
    model: Any,
    objective: Any,
    batch: Any,
    variables: Sequence[Any],
    gradients: Sequence[np.ndarray | None],
) -> dict[str, Nudge]:
    """The loss, moved by the steepest number of each variable."""
    if any(each.compute_dtype in _HALVES for each in (model, *model.layers)):
        return {}  # the loss itself is too coarse for it
    loss_at = loss_of(model, objective, batch)
    everything = list(model.variables)
    values = [each.value for each in everything]
    place = {id(each): i for i, each in enumerate(everything)}
    here = loss_at(values)
    given = [
        (v, g)
        for v, g in zip(variables, gradients, strict=True)
        if g is not None and g.size and np.isfinite(g).all()
    ]
    given.sort(key=lambda pair: -float(np.linalg.norm(pair[1].astype(np.float64))))
    found = {}
    for variable, gradient in given[:MOST_WEIGHTS_NUDGED]:
        at = np.unravel_index(int(np.argmax(np.abs(gradient))), gradient.shape)
        index = tuple(int(each) for each in at)
        found[variable.path] = nudge_loss(
            loss_at, values, place[id(variable)], gradient, index, here
        )
    return found


def _notes(model: Any, objective: Any, traced: Traced) -> list[str]:
    notes = []
    if objective.judge is model and own_step(model):
        notes.append(
            f"{type(model).__name__} makes its steps by a train_step of its own; shown is the "
            f"step that its compiled loss asks for."
        )
    halves = {each.dtype.name for each in traced.values.values()} & {"float16", "bfloat16"}
    if halves:
        notes.append(
            f"Layers compute in {' and '.join(sorted(halves))}. The loss is not scaled here, as "
            f"LossScaleOptimizer does in training: a gradient of 0 may be one too small for it."
        )
    for op in traced.ops:
        name = op.type.lower()
        if name in ("softmax", "sigmoid") and _passed_by(op, traced):
            notes.append(
                f"Keras computes this loss from what {name} was given, which is exact where the "
                f"other way rounds: no gradient passes {name}."
            )
    if any(op.type == "IdentityN" for op in traced.ops):
        notes.append(
            "An IdentityN carries a tf.custom_gradient (silu, for one): the gradient goes around "
            "the ops that computed the value, by its author's rule."
        )
    if any(op.type in ("While", "StatelessWhile") for op in traced.ops):
        notes.append("A loop over time steps is shown as one op: While.")
    return notes


def _passed_by(op: tf.Operation, traced: Traced) -> bool:
    """Whether the loss takes what an op was given in place of what it made."""
    root = next(each for each in traced.calls if not each.path)
    behind = set(traced.ops[root.stop :])
    made_use = op.outputs[0].name in traced.gradients
    return not made_use and any(each in behind for each in op.inputs[0].consumers())
