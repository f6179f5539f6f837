"""The first layer with a value that is not finite, forward or backward: the one place to name it.

The batch is run once more, eagerly, and everything that goes into and comes out of each layer is
looked at: forward in the order in which the layers ran, and where all of that is finite, the
gradients in the opposite order. A gradient is held against the layer that made it: what reached the
layer was still finite, what it handed on was not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfviz.model.tree import walk
from tfviz.probe import replay
from tfviz.probe.passage import Bad, Event, Passage, eagerly, look
from tfviz.probe.saying import (
    backward_sentence,
    between_sentence,
    cast_sentence,
    forward_sentence,
    input_sentence,
    loss_sentence,
    norm_sentence,
    unseen_sentence,
)

Forward = Callable[[Any], Mapping[str, Any]]


@dataclass(frozen=True, eq=False)
class NonFinite:
    """Where the first value that isn't finite came from.

    Attributes:
        direction: 'input' (the batch holds it), 'forward', 'loss', 'backward', or None where
            running again didn't show it.
        layer: The path of the layer; '' where no layer is to blame. Operations between layers
            belong to the layer or model whose `call` holds them, and are named by it.
        kind: 'nan' or 'inf'; '' where direction is None.
        share: Of the values there, those that aren't finite.
        finite: Paths of the layers that were passed before, in order, and were finite.
        step: The number of the training step, from 0, where there is one.
        batch: What the model was run on.
        sentence: All of this in words.
        seeds: (path, value) of each random seed before the run, for running again elsewhere.
    """

    direction: str | None
    layer: str
    kind: str
    share: float
    finite: tuple[str, ...]
    sentence: str
    step: int | None = None
    batch: Any = field(default=None, repr=False)
    seeds: tuple[tuple[str, np.ndarray], ...] = field(default=(), repr=False)

    def to_dict(self) -> dict[str, Any]:
        """Everything but the batch, as JSON can hold it."""
        return {
            "direction": self.direction,
            "layer": self.layer,
            "kind": self.kind,
            "share": self.share,
            "finite": list(self.finite),
            "step": self.step,
            "sentence": self.sentence,
            "seeds": {path: value.tolist() for path, value in self.seeds},
        }

    def save(self, folder: str | Path) -> Path:
        """Keep the batch and this report in a folder; `tfviz.probe.replay.load` reads it.

        Args:
            folder: Made where absent.

        Returns:
            The folder.

        Raises:
            OutputError: When it can't be written.
        """
        return replay.save(folder, self.batch, self.to_dict())


def first_nonfinite(
    model: Any,
    forward: Forward,
    batch: Any,
    *,
    variables: Sequence[Any] | None = None,
    restore: Iterable[tuple[Any, Any]] = (),
) -> NonFinite:
    """Run a batch again and name the first layer with a value that isn't finite.

    Nothing is changed by it: seeds, statistics and whatever else the model's variables hold are put
    back. It raises for no model; where one can't be looked into, the sentence says what was seen.

    Args:
        model: A `keras.Model`, whose layers are heard.
        forward: `f(batch) -> {"loss": scalar, ...}`, runs the model with `training=True`.
        batch: What it is run on.
        variables: By what is differentiated; the model's trainable variables by default.
        restore: (variable, value) to put in place before the run, so that dropout falls as it fell;
            also other variables that `forward` changes, with the value that they have.

    Returns:
        A report.
    """
    pairs = list(restore)
    kept: list[tuple[Any, Any]] = []
    try:
        changing = [*model.variables, *(v for each in model.metrics for v in each.variables)]
        kept = [(v, _value(v)) for v in [*changing, *(v for v, _ in pairs)]]
        for variable, value in pairs:
            variable.assign(value)
        seeds = tuple((v.path, _value(v)) for v in model.variables if "seed_generator" in v.path)
        by = list(model.trainable_variables if variables is None else variables)
        direction, layer, bad, finite, sentence = _found(model, forward, batch, by)
        kind, share = (bad.kind, bad.share) if bad else ("", 0.0)
        return NonFinite(direction, layer, kind, share, finite, sentence, None, batch, seeds)
    except Exception as error:  # a report must never hide what it reports on
        said = f"{type(error).__name__}: {error}".split("\n")[0][:300]
        sentence = f"Running the batch again to find the layer failed ({said})."
        return NonFinite(None, "", "", 0.0, (), sentence, None, batch)
    finally:
        for variable, value in reversed(kept):
            variable.assign(value)


def _value(variable: Any) -> np.ndarray:
    return np.array(tf.convert_to_tensor(variable))


_Answer = tuple[str | None, str, Bad | None, tuple[str, ...], str]


def _found(model: Any, forward: Forward, batch: Any, variables: list[Any]) -> _Answer:
    passage = Passage(model)
    back = None
    with eagerly():
        with tf.GradientTape() as tape, passage.recording(tape):
            loss = tf.convert_to_tensor(forward(batch)["loss"])
            losses = _layer_losses(passage)
        loss_bad = look([loss])
        if loss_bad is None:
            back = _backward(passage, model, tape, loss, variables)
    if loss_bad is None and back is None:
        first = next((e for e in passage.events if e.bad is not None), None)
        finite = _finite(passage.events, first)
        return None, "", None, finite, unseen_sentence(first)
    ahead = _forward(passage, model)
    # A value that isn't finite ahead, as some masks have, is not the reason where the fault lies
    # between values and gradients that are finite.
    if back is not None and (ahead is None or back[1]):
        return back[0]
    given = _bad_parts(batch)
    if given and (ahead is None or ahead[0] == "input"):
        return "input", "", given[0][1], (), input_sentence(given)
    if ahead is not None:
        return ahead
    finite = _finite(passage.events)
    for path, value in losses:
        bad = look([value])
        if bad is not None:
            return "loss", path, bad, finite, loss_sentence(bad, path)
    assert loss_bad is not None
    return "loss", "", loss_bad, finite, loss_sentence(loss_bad, "")


def _layer_losses(passage: Passage) -> list[tuple[str, Any]]:
    """What single layers added to the loss: regularizers, `add_loss`."""
    found: list[tuple[str, Any]] = []
    for each in {id(e.operation): e for e in passage.events if not e.entered}.values():
        if each.path in passage.leaves:
            found += [(each.path, value) for value in getattr(each.operation, "losses", [])]
    return found


def _bad_parts(batch: Any) -> list[tuple[str, Bad, list[int]]]:
    """The parts of a batch that aren't finite: name, how much, in which samples."""
    found: list[tuple[str, Bad, list[int]]] = []
    for name, value in replay.parts(batch):
        bad = look([value])
        if bad is not None:
            found.append((name, bad, _samples(value)))
    return found


def _samples(value: Any) -> list[int]:
    if isinstance(value, tf.SparseTensor):
        rows = value.indices[:, 0].numpy()[~np.isfinite(value.values.numpy())]
        return sorted({int(each) for each in rows})
    if isinstance(value, tf.RaggedTensor):
        return [i for i in range(int(value.nrows())) if look([value[i]]) is not None]
    array = np.asarray(tf.cast(value, tf.float32) if tf.is_tensor(value) else value)
    if array.ndim == 0:
        return []
    wrong = ~np.isfinite(array.reshape(len(array), -1)).all(axis=1)
    return [int(i) for i in np.flatnonzero(wrong)]


def _finite(events: Iterable[Event], until: Event | None = None) -> tuple[str, ...]:
    """Paths of the layers that were left before an event, each once."""
    found: dict[str, None] = {}
    for each in events:
        if each is until:
            break
        if not each.entered and each.path:
            found[each.path] = None
    return tuple(found)


def _forward(passage: Passage, model: Any) -> _Answer | None:
    events = passage.events
    first = next((each for each in events if each.bad is not None), None)
    if first is None:
        return None
    assert first.bad is not None
    finite = _finite(events, first)
    if not first.entered:
        entry = _entry(events, first)
        if first.path in passage.leaves or entry is None:
            said = forward_sentence(first, entry, finite)
        else:
            said = between_sentence(first, finite, _title(first, model), "at its end")
        return "forward", first.path or model.name, first.bad, finite, said
    narrow = first.bad.kind == "inf" and any(each.dtype == tf.float16 for each in first.tensors)
    if narrow and first.path in passage.leaves:
        # A layer casts what it is given before it is called.
        return "forward", first.path, first.bad, finite, cast_sentence(first, finite)
    if first.around is None:
        said = (
            "What the model was given is not finite, though the batch is: look at what the step "
            "computes before it calls the model."
        )
        return "input", "", first.bad, finite, said
    where = f"before it calls '{first.path}'"
    said = between_sentence(first, finite, _title_of(passage, first.around, model), where)
    return "forward", first.around or model.name, first.bad, finite, said


def _entry(events: list[Event], left: Event) -> Event | None:
    before = events[: events.index(left)]
    return next((e for e in reversed(before) if e.entered and e.path == left.path), None)


def _title(event: Event, model: Any) -> str:
    name = f"layer '{event.path}'" if event.path else f"model '{model.name}'"
    return f"{name} ({type(event.operation).__name__})"


def _title_of(passage: Passage, path: str, model: Any) -> str:
    known = next((e for e in passage.events if e.path == path), None)
    return _title(known, model) if known is not None else f"model '{model.name}'"


def _backward(
    passage: Passage, model: Any, tape: tf.GradientTape, loss: tf.Tensor, variables: list[Any]
) -> tuple[_Answer, bool] | None:
    """The first gradient that isn't finite; and whether all values ahead of it were finite."""
    events = passage.events
    values = [v.value if isinstance(v, keras.Variable) else v for v in variables]
    sources = [[*each.tensors] for each in events]
    by_event, by_variable = tape.gradient(loss, [sources, values])
    owners = _owners(passage, variables)
    passed: dict[str, None] = {}
    for i in range(len(events) - 1, -1, -1):
        event = events[i]
        bad = look([g for g in by_event[i] if g is not None])
        if bad is None:
            # A layer's weights collect from all of its calls: looked at with the first of them,
            # when everything behind was passed.
            for j in owners.get(i, []):
                wrong = None if by_variable[j] is None else look([by_variable[j]])
                if wrong is not None:
                    said = backward_sentence(event, wrong, _name(variables[j]), tuple(passed))
                    path = event.path or model.name
                    return ("backward", path, wrong, tuple(passed), said), event.bad is None
            if event.entered and event.path:
                passed[event.path] = None
            continue
        finite = tuple(passed)
        if event.entered:
            leaf = event.path in passage.leaves
            ends = next(e for e in events[i:] if not e.entered and e.path == event.path)
            clean = event.bad is None and ends.bad is None
            if leaf:
                said = backward_sentence(event, bad, "", finite)
            else:
                title = _title(event, model)
                said = between_sentence(event, finite, title, "at its beginning", back=True)
            return ("backward", event.path or model.name, bad, finite, said), clean
        if event.around is None:
            return ("loss", "", bad, finite, loss_sentence(bad, "", back=True)), event.bad is None
        title = _title_of(passage, event.around, model)
        where = f"behind layer '{event.path}'"
        said = between_sentence(event, finite, title, where, back=True)
        return ("backward", event.around or model.name, bad, finite, said), event.bad is None
    return _by_weights(model, variables, by_variable, tuple(passed))


def _owners(passage: Passage, variables: list[Any]) -> dict[int, list[int]]:
    """For the first event of each layer, which of the variables are its own."""
    numbers = {id(v): i for i, v in enumerate(variables)}
    found: dict[int, list[int]] = {}
    taken: set[str] = set()
    for i, event in enumerate(passage.events):
        if event.path in taken or event.path not in passage.leaves:
            continue
        taken.add(event.path)
        own = [numbers[id(v)] for v in getattr(event.operation, "weights", []) if id(v) in numbers]
        if own:
            found[i] = own
    return found


def _name(variable: Any) -> str:
    return str(getattr(variable, "path", None) or variable.name)


def _by_weights(
    model: Any, variables: list[Any], gradients: list[Any], passed: tuple[str, ...]
) -> tuple[_Answer, bool] | None:
    """What only the gradients of weights show: weights outside layers, and too large a norm."""
    largest: float = 0.0
    where: Any = None
    squares = 0.0
    for variable, gradient in zip(variables, gradients, strict=True):
        if gradient is None:
            continue
        bad = look([gradient])
        if bad is not None:
            said = (
                f"The gradient by variable '{_name(variable)}' is not finite "
                f"({bad.kind} in {bad.share:.2g} of it), while the gradients in all layers that "
                f"were heard are: look at what the model computes with it outside of layers."
            )
            return ("backward", _holder(model, variable), bad, passed, said), True
        values = np.abs(np.asarray(tf.cast(tf.convert_to_tensor(gradient), tf.float64)))
        squares += float((values**2).sum())
        if values.size and float(values.max()) > largest:
            largest, where = float(values.max()), variable
    if squares <= float(np.finfo(np.float32).max):
        return None
    said = norm_sentence(np.sqrt(squares), largest, _name(where))
    return ("backward", _holder(model, where), Bad("inf", 0.0), passed, said), True


def _holder(model: Any, variable: Any) -> str:
    """The path of the innermost layer that has a variable, or the model's name."""
    paths = [
        node.path
        for node in walk(model)
        if any(each is variable for each in getattr(node.operation, "weights", []))
    ]
    return max(paths, key=lambda path: path.count("/"), default=str(model.name))
