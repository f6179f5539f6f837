"""Whether an index counts, and for how many entries the array that it is asked of was made."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from tfviz.doctor.live.clues.case import Case, Mended, mends
from tfviz.doctor.live.clues.seen import shape_of
from tfviz.doctor.live.clues.source import Reader, reader_of
from tfviz.doctor.live.clues.trees import argument, bound_by, last_name, parameters, passed

_COUNTS = ("range", "len", "arange")
_MADE = ("zeros", "ones", "full", "empty")
_KINDS = ("unique", "set", "Counter")
DEEPEST = 5


def counted(index: ast.AST, place: Reader, depth: int = 0) -> bool:
    """Whether an index comes from a `range`, a length, a count by hand or a `__len__`."""
    if depth > DEEPEST:
        return False
    match index:
        case ast.Name(id=name):
            return _name_counts(name, place, depth)
        case ast.BinOp(left=left, right=right):
            return any(counted(each, place, depth + 1) for each in (left, right))
        case ast.UnaryOp(operand=operand):
            return counted(operand, place, depth + 1)
        case ast.Call(func=function, args=given):
            name = last_name(function) or ""
            return name in _COUNTS or (name == "int" and counted(given[0], place, depth + 1))
    return False


def _name_counts(name: str, place: Reader, depth: int) -> bool:
    bound = list(_bound(name, place))
    for target, value in bound:
        if isinstance(value, ast.AugAssign) or _counts(target, name, value):
            return True
        assigned = isinstance(value, ast.expr) and isinstance(target, ast.Assign)
        if assigned and counted(value, place, depth + 1):
            return True
    if bound or not isinstance(place.scope, ast.FunctionDef):
        return False
    if name not in parameters(place.scope):
        return False
    if place.scope.name == "__getitem__":
        return _has_length(place)
    if not place.callers:
        return False
    outer = reader_of(place.callers[0], place.callers[1:])
    for call in outer.calls():
        if last_name(call.func) in (place.scope.name, None) or place.scope.name == "__call__":
            given = dict(passed(place.scope, call))
            if name in given:
                return counted(given[name], outer, depth + 1)
    return False


def _bound(name: str, place: Reader) -> Iterator[tuple[ast.AST, ast.AST]]:
    """(what binds, from what) of a name in the scope: assignments, loops, comprehensions."""
    for each in place.bindings(name):
        if isinstance(each, ast.For):
            yield each.target, each.iter
        elif isinstance(each, ast.AugAssign):
            yield each, each
        elif isinstance(each, ast.Assign):
            yield each, each.value
        elif name in bound_by(each):
            yield each, each
    for node in ast.walk(place.statement) if place.statement is not None else ():
        target = node.target if isinstance(node, ast.comprehension) else None
        if target is not None and name in {getattr(n, "id", "") for n in ast.walk(target)}:
            yield target, node.iter  # type: ignore[attr-defined]


def _counts(target: ast.AST, name: str, source: ast.AST) -> bool:
    """Whether a loop gives a name one whole number after the other."""
    if not isinstance(source, ast.Call):
        return False
    if last_name(source.func) == "enumerate" and isinstance(target, ast.Tuple):
        return isinstance(target.elts[0], ast.Name) and target.elts[0].id == name
    return last_name(source.func) in _COUNTS


def _has_length(place: Reader) -> bool:
    return any(
        isinstance(each, ast.ClassDef)
        and place.scope in each.body
        and any(isinstance(m, ast.FunctionDef) and m.name == "__len__" for m in each.body)
        for each in ast.walk(place.tree)
    )


@mends("python.index_out_of_range.array")
def made_for_those_that_occur(case: Case) -> Mended | None:
    """A table with a row for each class that occurs, where another class is asked."""
    for top in (case.line.node, case.line.statement):
        for node in ast.walk(top) if top is not None else ():
            if not isinstance(node, ast.Subscript) or not _refused(case, node.value):
                continue
            found = _kinds_counted(node.value, case.line)
            if found is None:
                continue
            name, made, count, of = found
            return Mended(
                cause=f"`{name}` has as many entries as there are different values in `{of}` (line "
                f"{made.lineno}: `{ast.unparse(count)}`). One that doesn't occur there leaves a gap, "
                f"and then the largest number lies past the end.",
                fix="Make it for all classes: with their number from where it is known for certain, or "
                "one more than the largest that occurs anywhere.",
                code=f"n_classes = int(np.max({of})) + 1   # over training, test and predictions",
                instead="",
            )
    return None


def _refused(case: Case, node: ast.expr) -> bool:
    """Whether an array has the very axis that the error tells of."""
    match = re.search(r"out of bounds for axis (\d+) with size (\d+)", case.message)
    shape = shape_of(case.line.maybe(node)) or ()
    return match is not None and shape[int(match[1]) :][:1] == (int(match[2]),)


def _kinds_counted(node: ast.AST, place: Reader) -> tuple[str, ast.Call, ast.Call, str] | None:
    """(name, call that makes it, `len(np.unique(y))`, `y`) of an array made by such a number."""
    for origin, there in place.origins(node):
        if not isinstance(origin, ast.Call) or last_name(origin.func) not in _MADE:
            continue
        size = argument(origin, 0, "shape")
        parts = size.elts if isinstance(size, ast.Tuple | ast.List) else [size]
        for part in parts:
            for count, _ in there.origins(part) if part is not None else ():
                inner = count.args[0] if _is(count, "len") else None  # type: ignore[attr-defined]
                if _is(inner, *_KINDS):
                    of = ast.unparse(inner.args[0])  # type: ignore[union-attr]
                    return ast.unparse(node), origin, count, of  # type: ignore[return-value]
    return None


def _is(node: ast.AST | None, *names: str) -> bool:
    return isinstance(node, ast.Call) and last_name(node.func) in names and bool(node.args)
