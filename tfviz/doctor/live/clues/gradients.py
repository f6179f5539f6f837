"""Gradients that are None: whose they are, and where the connection was lost."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

from tfviz.doctor.live.clues.case import Case, Settled, says, settles
from tfviz.doctor.live.clues.fitting import is_layer
from tfviz.doctor.live.clues.pictures import nones
from tfviz.doctor.live.clues.seen import dtype_of, is_symbolic, listed, shape_of
from tfviz.doctor.live.clues.source import Reader
from tfviz.doctor.live.clues.trees import last_name, parameters, passed
from tfviz.doctor.live.safely import is_a, maybe

_NO_GRADIENT = {"predict": "`predict` gives NumPy arrays", "numpy": "`.numpy()` leaves the tape",
                "argmax": "`argmax` has no gradient", "round": "`round` has no gradient",
                "asarray": "NumPy leaves the tape", "array": "NumPy leaves the tape",
                "stop_gradient": "`stop_gradient` stops it", "sign": "`sign` has no gradient",
                "floor": "`floor` has no gradient", "one_hot": "`one_hot` has no gradient",
                "py_function": "NumPy code leaves the tape",
                "numpy_function": "NumPy code leaves the tape"}  # fmt: skip
_DIAGNOSES = ("autodiff.tape_gradient_none", "tf.none_to_tensor", "autodiff.no_gradients",
              "autodiff.constant_not_watched", "autodiff.gradients_missing_some",
              "autodiff.none_for_gradient", "autodiff.watch_integer")  # fmt: skip


def taken(case: Case) -> tuple[ast.Call, ast.With | None, Reader] | None:
    """The call of `tape.gradient` behind the None, the tape's block, and where they stand."""
    places = [case.line]
    for each in [*nones(case), *_lists_of_none(case)]:
        for origin, there in case.line.origins(each):
            if isinstance(origin, ast.Call) and last_name(origin.func) in _CALLS:
                return origin, _tape(origin, there), there
    for place in places:
        found = [
            n
            for n in ast.walk(place.scope)
            if isinstance(n, ast.Call) and last_name(n.func) in _CALLS and n.args
            and n.lineno <= place.line
        ]  # fmt: skip
        if found:
            return found[-1], _tape(found[-1], place), place
    return None


_CALLS = ("gradient", "jacobian", "batch_jacobian")


def _lists_of_none(case: Case) -> Iterator[ast.AST]:
    """Names of lists of gradients in which there is a None."""
    for node in ast.walk(case.line.statement) if case.line.statement is not None else ():
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            value = case.line.maybe(node)
            if type(value) in (list, tuple) and any(each is None for each in value):
                yield node


def _tape(call: ast.Call, place: Reader) -> ast.With | None:
    if not isinstance(call.func, ast.Attribute):
        return None
    name = ast.unparse(call.func.value)
    found = [
        n
        for n in ast.walk(place.scope)
        if isinstance(n, ast.With)
        and any(e.optional_vars and ast.unparse(e.optional_vars) == name for e in n.items)
    ]
    return found[-1] if found else None


@settles("autodiff.tape_gradient_none", "tf.none_to_tensor", "python.none_attribute",
         errors=["AttributeError", "TypeError", "ValueError"])  # fmt: skip
def gradient_by_what(case: Case) -> Settled | None:
    """By a plain tensor that isn't watched."""
    by = [each for each in nones(case) if _is_gradient(each, case.line)]
    found = taken(case)
    if not by or found is None:
        return None
    call, tape, place = found
    if len(call.args) < 2 or tape is None:
        return Settled("autodiff.tape_gradient_none")
    source = call.args[1]
    value = place.maybe(source)
    if dtype_of(value) and "int" in dtype_of(value) and _watched(source, tape):
        return Settled("autodiff.watch_integer")
    if _watched(source, tape) or _computed_in(source, tape) or _not_a_leaf(source, place, tape):
        return Settled("autodiff.tape_gradient_none")
    plain = is_a(value, "tensorflow", "Tensor") and not is_a(value, "tensorflow", "Variable")
    if plain and "float" in dtype_of(value) and not any(_breaks(tape)):
        return Settled("autodiff.constant_not_watched", {"name": f"`{ast.unparse(source)}`"})
    return Settled("autodiff.tape_gradient_none")


def _is_gradient(node: ast.AST, place: Reader) -> bool:
    return any(
        isinstance(origin, ast.Call) and last_name(origin.func) in _CALLS
        for origin, _ in place.origins(node)
    )


def _watched(source: ast.expr, tape: ast.With) -> bool:
    name = ast.unparse(source)
    return any(
        isinstance(n, ast.Call)
        and last_name(n.func) == "watch"
        and name in [ast.unparse(each) for each in n.args]
        for n in ast.walk(tape)
    )


def _computed_in(source: ast.expr, tape: ast.With) -> bool:
    name = ast.unparse(source)
    stored = (n for n in ast.walk(tape) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store))
    return any(n.id == name for n in stored)


def _not_a_leaf(source: ast.expr, place: Reader, tape: ast.With) -> bool:
    """Whether what it was computed from, not itself, goes into the tape's block."""
    name = ast.unparse(source)
    used = {n.id for n in ast.walk(tape) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
    return isinstance(source, ast.Name) and name not in used


def _breaks(tape: ast.With, place: Reader | None = None) -> Iterator[str]:
    """What cuts the connection: in the block itself, then in functions of the file it calls."""
    yield from _breaks_in(tape)
    if place is None:
        return
    for call in ast.walk(tape):
        name = last_name(call.func) if isinstance(call, ast.Call) else None
        found = [
            n for n in ast.walk(place.tree) if isinstance(n, ast.FunctionDef) and n.name == name
        ]
        if len(found) == 1 and found[0] is not place.scope:
            given = set(parameters(found[0])) - {"self"}
            # NumPy on the labels breaks nothing: what was computed in the block matters.
            given = {
                name
                for name, node in passed(found[0], call)  # type: ignore[arg-type]
                if any(_from_block(n, tape) for n in ast.walk(node))
            } or given
            for said in _breaks_in(found[0], given):
                yield f"line {call.lineno} calls `{name}`, where {said}"  # type: ignore[attr-defined]


def _from_block(node: ast.AST, tape: ast.With) -> bool:
    """Whether a part of an argument is computed in the block: a call, or a name that is set there."""
    return isinstance(node, ast.Call) or (isinstance(node, ast.Name) and _computed_in(node, tape))


def _only_index(call: ast.Call, block: ast.AST) -> bool:
    """Whether what a call gives is only used to pick an entry, which breaks nothing."""
    names = {
        target.id
        for each in ast.walk(block)
        if isinstance(each, ast.Assign) and call in ast.walk(each.value)
        for target in each.targets
        if isinstance(target, ast.Name)
    }
    picked = [n for n in ast.walk(block) if isinstance(n, ast.Subscript)]
    inside = {m for each in picked for m in ast.walk(each.slice)}
    if call in inside:
        return True
    uses = [
        n
        for n in ast.walk(block)
        if isinstance(n, ast.Name) and n.id in names and isinstance(n.ctx, ast.Load)
    ]
    asked = {m for n in ast.walk(block) if isinstance(n, ast.Compare) for m in ast.walk(n)}
    uses = [each for each in uses if each not in asked]
    return bool(uses) and all(each in inside for each in uses)


def _breaks_in(block: ast.AST, of: set[str] | None = None) -> Iterator[str]:
    """The breaks in a block; in a function only those of what it was given."""
    for each in ast.walk(block):
        if isinstance(each, ast.Call):
            names = {n.id for n in ast.walk(each) if isinstance(n, ast.Name)}
            if of is not None and not names & of:
                continue
            said = _NO_GRADIENT.get(last_name(each.func) or "")
            if said and not _only_index(each, block):
                yield f"line {each.lineno} has `{ast.unparse(each):.60}`: {said}"
            elif last_name(each.func) == "cast" and "int" in ast.unparse(each):
                yield f"line {each.lineno} has `{ast.unparse(each):.60}`: whole numbers have no gradient"


@says(*_DIAGNOSES)
def why_none(case: Case) -> Iterator[str]:
    """Which gradient is None, by what it was taken, and where the connection was lost."""
    found = taken(case)
    if found is None:
        return
    call, tape, place = found
    by = [each for each in nones(case) if _is_gradient(each, case.line)]
    if by:
        yield f"`{ast.unparse(by[0])}` is None: line {call.lineno} took `{ast.unparse(call):.80}`."
    yield from _which_variables(case, call, place)
    if tape is None:
        return
    told = False
    if len(call.args) > 1:
        for sentence in _source(call.args[1], tape, place):
            told = True
            yield sentence
    apart = "" if told else _apart(call, tape, place)
    if apart:
        yield apart
        return
    for sentence in list(_breaks(tape, place))[:1]:
        told = True
        yield f"Inside the tape {sentence}."
    if not told and call.args:
        before = list(_before(tape, place, call)) or list(_target(call.args[0], tape, place))
        yield from before[:1]


def _apart(call: ast.Call, tape: ast.With, place: Reader) -> str:
    """Both ends of a gradient that come from two calls of models, neither from the other."""
    if len(call.args) < 2 or not all(isinstance(each, ast.Name) for each in call.args[:2]):
        return ""
    target, source = (ast.unparse(each) for each in call.args[:2])
    made: dict[str, list[ast.expr]] = {}
    for each in ast.walk(tape):
        if isinstance(each, ast.Assign):
            for name in (ast.unparse(t) for t in each.targets if isinstance(t, ast.Name)):
                made.setdefault(name, []).append(each.value)
    behind, waiting = {target}, [target]
    while waiting:
        for value in made.get(waiting.pop(), ()):
            names = {n.id for n in ast.walk(value) if isinstance(n, ast.Name)} - behind
            behind |= names
            waiting += names
    first = made.get(source, [])
    calls = [v for name in behind for v in made.get(name, ()) if _of_model(v, place)]
    if source in behind or len(first) != 1 or len(calls) != 1 or not _of_model(first[0], place):
        return ""
    one, other = calls[0], first[0]
    return (
        f"`{target}` comes from `{ast.unparse(one):.50}` (line {one.lineno}), and `{source}` from "
        f"`{ast.unparse(other):.50}` (line {other.lineno}): two separate calls, so `{target}` was not "
        f"computed from `{source}`."
    )


def _of_model(node: ast.expr, place: Reader) -> bool:
    return isinstance(node, ast.Call) and is_layer(place.maybe(node.func))


def _before(tape: ast.With, place: Reader, taken: ast.Call) -> Iterator[str]:
    """What the block works on that a model made before the tape was opened."""
    used = [n for n in ast.walk(tape) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)]
    for name in dict.fromkeys(each.id for each in used):
        made = next((e for e in place.bindings(name) if e.lineno < tape.lineno), None)
        later = [e for e in place.bindings(name) if e.lineno >= tape.lineno]
        value = getattr(made, "value", None)
        if made is None or later or not isinstance(value, ast.Call):
            continue
        model = place.maybe(value.func)
        if is_layer(model) and _leads_from(taken, name, value, model, place):
            yield (
                f"`{name}` was computed on line {made.lineno}, `{ast.unparse(made):.60}`, before the "
                f"tape was opened on line {tape.lineno}: nothing of that was recorded."
            )


def _which_variables(case: Case, call: ast.Call, place: Reader) -> Iterator[str]:
    """Of a list of gradients: which are None, by the names of their variables."""
    for name, value in case.line.expressions():
        if type(value) not in (list, tuple) or not value or not any(e is None for e in value):
            continue
        missing = [i for i, each in enumerate(value) if each is None]
        sources = place.maybe(call.args[1]) if len(call.args) > 1 else None
        names = [f"entry {i}" for i in missing]
        if isinstance(sources, list | tuple) and len(sources) == len(value):
            names = [_variable(sources[i]) or f"entry {i}" for i in missing]
        every = len(missing) == len(value)
        which = f"All {len(value)}" if every else f"{len(missing)} of the {len(value)}"
        yield f"{which} entries of `{name}` are None: {listed(names)}."
        return


def _variable(value: Any) -> str:
    return str(maybe(value, "path") or maybe(value, "name") or "")


def _source(source: ast.expr, tape: ast.With, place: Reader) -> Iterator[str]:
    name = ast.unparse(source)
    value = place.maybe(source)
    if shape_of(value) is not None and dtype_of(value) and "float" not in dtype_of(value):
        yield f"`{name}` is {dtype_of(value)}, and there are gradients by floating numbers only."
        return
    if not isinstance(source, ast.Name) or _computed_in(source, tape) or _watched(source, tape):
        return
    made = place.assigned(source.id)
    if _not_a_leaf(source, place, tape):
        where = f" (line {made.lineno})" if made is not None and made.lineno < tape.lineno else ""
        yield (
            f"`{name}` was computed outside of the tape{where}, and what stands inside "
            f"(line {tape.lineno} on) doesn't use it."
        )
    elif is_a(value, "tensorflow", "Tensor") and not is_a(value, "tensorflow", "Variable"):
        where = f" (line {made.lineno})" if made is not None else ""
        yield f"`{name}` is a plain tensor{where}, and the tape doesn't watch it: `tape.watch({name})` first."


def _target(target: ast.expr, tape: ast.With, place: Reader) -> Iterator[str]:
    if not isinstance(target, ast.Name):
        return
    made = place.assigned(target.id)
    if made is not None and not tape.lineno <= made.lineno <= (tape.end_lineno or tape.lineno):
        yield f"`{target.id}` is computed on line {made.lineno}, outside of the tape (lines {tape.lineno} to {tape.end_lineno})."


def _leads_from(taken: ast.Call, name: str, made: ast.Call, model: Any, place: Reader) -> bool:
    """Whether what a gradient is taken by would have led to a name, had it been recorded."""
    if len(taken.args) < 2:
        return False
    source = taken.args[1]
    if isinstance(source, ast.Name) and (
        source.id == name or source.id in map(ast.unparse, made.args)
    ):
        return True
    by = place.maybe(source)
    own = {id(each) for each in maybe(model, "trainable_variables") or ()}
    return type(by) in (list, tuple) and any(id(each) in own for each in by)


@says("autodiff.optimizer_unknown_variable", "tf.function_reused_with_new_optimizer")
def whose_optimizer(case: Case) -> Iterator[str]:
    """Which optimizer, how many variables it was built for, and for which."""
    for name, value in case.line.expressions():
        if not is_a(value, "keras", "BaseOptimizer", "Optimizer"):
            continue
        known = maybe(value, "_trainable_variables") or []
        names = [_variable(each) for each in known]
        if names:
            yield f"`{name}` ({type(value).__name__}) was built for {listed(names)}: it stays with those."
        else:
            yield f"`{name}` is {type(value).__name__}."
        return


@says("autodiff.minimize_tensor", "keras3.layer_never_called", "keras3.kerastensor_in_tf_function",
      "keras3.kerastensor_has_no_values", "viz.kerastensor_plotted", "autodiff.tape_on_kerastensor",
      "tf.numpy_method_in_graph", "tf.numpy_in_function", "tf.symbolic_as_bool",
      "tf.iterate_symbolic", "keras.symbolic_in_eager")  # fmt: skip
def what_it_was_done_to(case: Case) -> Iterator[str]:
    """The symbolic tensors, or the unbuilt model, on the line."""
    told = 0
    for name, value in dict(case.line.expressions()).items():
        if is_a(value, "keras", "BaseOptimizer", "Optimizer"):
            yield f"`{name}` is Keras's {type(value).__name__}, and what it is given is a tensor."
            return
        if is_a(value, "keras", "KerasTensor") and not case.is_about(["keras3.layer_never_called"]):
            yield f"`{name}` is a KerasTensor {shape_of(value)}: a place in the model, without values."
        elif is_a(value, "keras", "Sequential") and maybe(value, "built") is False:
            yield f"`{name}` has no Input and was never called, so none of its layers has an output yet."
        elif is_symbolic(value):
            yield f"`{name}` is a symbolic tensor {shape_of(value)}: a place in a graph that is being compiled, without values."
        else:
            continue
        told += 1
        if told == 2:
            return
    if not told:
        yield from _of_methods(case)


def _of_methods(case: Case) -> Iterator[str]:
    for node in ast.walk(case.line.statement) if case.line.statement is not None else ():
        if isinstance(node, ast.Attribute):
            value = case.line.maybe(node.value)
            if is_symbolic(value):
                yield f"`{ast.unparse(node.value)}` is a symbolic tensor {shape_of(value)} here, without values."
                return
            if is_a(value, "keras", "Sequential"):
                yield f"`{ast.unparse(node.value)}` has no Input and was never called, so none of its layers has an output yet."
                return
