"""The failing statement as a tree, and the value of each expression in it that can be read.

Nothing of the user's runs: names, attributes that are stored, items of plain containers and views
of NumPy arrays are read, paths are joined, and that is all. A function of the user's that has
returned is followed by its source: its parameters stand for what they were given.
"""

from __future__ import annotations

import ast
import os
import pathlib
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tfviz.doctor.live.clues.computing import item_of, joined, number_of
from tfviz.doctor.live.clues.trees import (
    at,
    bound_by,
    holds,
    last_name,
    own_parts,
    parameters,
    passed,
    preset,
    statements_of,
    value_of,
)
from tfviz.doctor.live.frames import LiveFrame
from tfviz.doctor.live.safely import UnreadableError, is_kind, name_of, read

MOST_LINES = 20_000
DEEPEST = 8
_PLAIN = (bool, int, float, str, type(None), bytes)
_METHODS = (types.MethodType, types.BuiltinMethodType, types.MethodWrapperType)
_Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


@dataclass(frozen=True)
class Reader:
    """A place in the source and the values its names had there.

    Attributes:
        tree: The whole file.
        scope: The function that holds the place, or the file.
        line: Line of the place; what is assigned after it is not seen.
        node: The failing expression or statement; None where it can't be told.
        statement: The statement around it.
        names: What can be looked up by name.
        given: Parameters of a function that has returned, and what was passed for them.
        callers: The frames that called this one, the nearest first.
        alive: Whether `names` are the locals of this very place.
    """

    tree: ast.Module
    scope: ast.AST
    line: int
    node: ast.AST | None
    statement: ast.stmt | None
    names: Callable[[str], Any]
    given: Mapping[str, tuple[ast.expr, Reader]] = field(default_factory=dict)
    callers: tuple[LiveFrame, ...] = ()
    alive: bool = True

    def value(self, node: ast.AST, depth: int = 0) -> Any:
        """The value of an expression.

        Raises:
            UnreadableError: When reading it would run code.
        """
        if depth > DEEPEST:
            raise UnreadableError("nested too deep")
        match node:
            case ast.Constant(value=value):
                return value
            case ast.Name(id=name):
                return self._name(name, depth)
            case ast.Attribute(value=base, attr=name):
                return read(self.value(base, depth + 1), name)
            case ast.Subscript(value=base, slice=index):
                return item_of(self.value(base, depth + 1), self._index(index, depth + 1))
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return -number_of(self.value(operand, depth + 1))
            case ast.BinOp(left=left, op=op, right=right):
                return joined(self.value(left, depth + 1), op, self.value(right, depth + 1))
            case ast.JoinedStr(values=parts):
                return "".join(self._part(each, depth + 1) for each in parts)
            case ast.List(elts=items):
                return [self.value(each, depth + 1) for each in items]
            case ast.Tuple(elts=items):
                return tuple(self.value(each, depth + 1) for each in items)
            case ast.NamedExpr(value=value):
                return self.value(value, depth + 1)
            case ast.Call():
                return self._call(node, depth + 1)
        raise UnreadableError(type(node).__name__)

    def maybe(self, node: ast.AST | None, default: Any = None) -> Any:
        """As `value`, with a default for what can't be read."""
        if node is None:
            return default
        try:
            return self.value(node)
        except Exception:  # whatever an object that was left half built raises
            return default

    def expressions(self) -> Iterator[tuple[str, Any]]:
        """(source, value) of all on the failing statement that can be read, the largest parts."""
        yield from self.expressions_in(self.node)
        if self.statement is not None and self.statement is not self.node:
            yield from self.expressions_in(self.statement)

    def expressions_in(self, node: ast.AST | None) -> Iterator[tuple[str, Any]]:
        """The same for one part of it."""
        if node is None or isinstance(node, _Function):
            return
        if isinstance(node, ast.Name | ast.Attribute | ast.Subscript):
            missing = object()
            if isinstance(node.ctx, ast.Load):
                value = self.maybe(node, missing)
                # Of a method, what it belongs to is worth telling.
                if value is not missing and not is_kind(value, *_METHODS):
                    yield ast.unparse(node), value
                    return
        for each in own_parts(node):
            yield from self.expressions_in(each)

    def calls(self, *names: str) -> list[ast.Call]:
        """Calls on the failing statement of functions whose last name is one of these."""
        found = [n for top in (self.node, self.statement) if top for n in ast.walk(top)]
        calls = [n for n in found if isinstance(n, ast.Call)]
        unique = list(dict.fromkeys(calls))
        return [n for n in unique if not names or last_name(n.func) in names]

    def assigned(self, name: str) -> ast.stmt | None:
        """The last statement before the place that binds a name in its scope."""
        found = None
        for each in statements_of(self.scope):
            if name in bound_by(each) and each.lineno <= self.line and each is not self.statement:
                found = each
        return found

    def bindings(self, name: str) -> list[ast.stmt]:
        """All statements of the scope that bind a name, in order."""
        return [each for each in statements_of(self.scope) if name in bound_by(each)]

    def origins(self, node: ast.AST, depth: int = 0) -> Iterator[tuple[ast.AST, Reader]]:
        """An expression, what it was assigned from, what that was given as, and so on back."""
        yield node, self
        if depth > DEEPEST:
            return
        if isinstance(node, ast.Name):
            yield from self._origins_of_name(node.id, depth + 1)
        elif isinstance(node, ast.Attribute):
            for value, place in self._set_on_self(node):
                yield from place.origins(value, depth + 1)
        elif isinstance(node, ast.Subscript):
            yield from self._origins_of_item(node, depth + 1)
        elif isinstance(node, ast.Call):
            inside = self.into(node)
            if inside is not None:
                for each in statements_of(inside.scope):
                    if isinstance(each, ast.Return) and each.value is not None:
                        yield from inside.origins(each.value, depth + 1)
        elif isinstance(node, ast.IfExp):
            yield from self.origins(node.body, depth + 1)
            yield from self.origins(node.orelse, depth + 1)

    def _origins_of_item(self, node: ast.Subscript, depth: int) -> Iterator[tuple[ast.AST, Reader]]:
        """What was stored under an index in this function, else what a `__getitem__` gives."""
        owner, stored = ast.unparse(node.value), False
        for each in statements_of(self.scope):
            for target in each.targets if isinstance(each, ast.Assign) else ():
                same = ast.unparse(target) == ast.unparse(node)
                if same and isinstance(target, ast.Subscript) and each.lineno <= self.line:
                    stored = True
                    yield from self.origins(each.value, depth)  # type: ignore[attr-defined]
        kind = name_of(type(self.maybe(node.value)))
        if not stored and owner != "self" and kind in self._with_items():
            asked = ast.Attribute(node.value, "__getitem__", ast.Load())
            call = ast.copy_location(ast.Call(asked, [node.slice], []), node)
            yield from self.origins(call, depth)

    def _with_items(self) -> set[str]:
        return {
            each.name
            for each in ast.walk(self.tree)
            if isinstance(each, ast.ClassDef)
            and any(isinstance(m, ast.FunctionDef) and m.name == "__getitem__" for m in each.body)
        }

    def into(self, call: ast.Call) -> Reader | None:
        """The place of a function of the same file that is called, after it has returned."""
        name = last_name(call.func)
        found = [
            n for n in ast.walk(self.tree) if isinstance(n, ast.FunctionDef) and n.name == name
        ]
        if len(found) != 1:
            return None
        function = found[0]
        given = {key: (value, self) for key, value in preset(function)}
        given |= {key: (value, self) for key, value in passed(function, call)}
        first = [each.arg for each in function.args.args[:1]]
        if isinstance(call.func, ast.Attribute) and first == ["self"]:
            given["self"] = (call.func.value, self)
        end = function.end_lineno or function.lineno
        return Reader(self.tree, function, end + 1, None, None, self.names, given, (), alive=False)

    def _origins_of_name(self, name: str, depth: int) -> Iterator[tuple[ast.AST, Reader]]:
        statement = self.assigned(name)
        if statement is not None:
            value = value_of(statement, name)
            if value is not None:
                yield from self.origins(value, depth)
            return
        if name in self.given:
            node, place = self.given[name]
            yield from place.origins(node, depth)
            return
        if isinstance(self.scope, ast.FunctionDef) and name in parameters(self.scope):
            yield from self._from_caller(name, depth)
        elif not isinstance(self.scope, ast.Module):
            end = len(self.tree.body) and (self.tree.body[-1].end_lineno or 0)
            top = Reader(self.tree, self.tree, end + 1, None, None, self.names)
            if top.assigned(name) is not None:
                yield from top._origins_of_name(name, depth)

    def _from_caller(self, name: str, depth: int) -> Iterator[tuple[ast.AST, Reader]]:
        if not self.callers or not isinstance(self.scope, ast.FunctionDef):
            return
        outer = reader_of(self.callers[0], self.callers[1:])
        for call in outer.calls():
            if last_name(call.func) in (self.scope.name, None) or self.scope.name == "__call__":
                for key, value in passed(self.scope, call):
                    if key == name:
                        yield from outer.origins(value, depth)
                        return

    def _set_on_self(self, node: ast.Attribute) -> Iterator[tuple[ast.expr, Reader]]:
        """What `self.x` is set to, where the file sets it once, and the method that does."""
        if not (isinstance(node.value, ast.Name) and node.value.id == "self"):
            return
        wanted = ast.unparse(node)
        found = [
            (method, each.value)
            for method in ast.walk(self.tree)
            if isinstance(method, ast.FunctionDef)
            for each in statements_of(method)
            if isinstance(each, ast.Assign) and wanted in [ast.unparse(t) for t in each.targets]
        ]
        if len(found) != 1:
            return
        method, value = found[0]
        if method is self.scope:
            yield value, self
        else:
            given = self._given_to_class_of(method) if method.name == "__init__" else {}
            end = method.end_lineno or method.lineno
            yield (
                value,
                Reader(self.tree, method, end + 1, None, None, self.names, given, alive=False),
            )

    def _given_to_class_of(self, method: ast.FunctionDef) -> dict[str, tuple[ast.expr, Reader]]:
        """What the parameters of an `__init__` were given, where the class is called once."""
        owner = [c for c in ast.walk(self.tree) if isinstance(c, ast.ClassDef) and method in c.body]
        calls = [
            (scope, call)
            for scope in (self.tree, *ast.walk(self.tree))
            if isinstance(scope, ast.Module | ast.FunctionDef)
            for statement in scope.body
            for call in ast.walk(statement)
            if isinstance(call, ast.Call) and owner and last_name(call.func) == owner[0].name
        ]
        unique = {call: scope for scope, call in calls}
        if len(unique) != 1:
            return {}
        ((call, scope),) = unique.items()
        place = Reader(self.tree, scope, call.lineno, None, None, self.names, alive=False)
        return {key: (value, place) for key, value in passed(method, call)}

    def _name(self, name: str, depth: int) -> Any:
        if self.alive:
            try:
                return self.names(name)
            except KeyError:
                raise UnreadableError(name) from None
        if name in self.given:
            node, place = self.given[name]
            return place.value(node, depth)
        bound = self.bindings(name)
        if bound:
            value = value_of(bound[0], name) if len(bound) == 1 else None
            if value is None:
                raise UnreadableError(name)
            return self.value(value, depth)
        try:
            return self.names(name)
        except KeyError:
            raise UnreadableError(name) from None

    def _index(self, node: ast.AST, depth: int) -> Any:
        if isinstance(node, ast.Slice):
            parts = (node.lower, node.upper, node.step)
            return slice(*(None if each is None else self.value(each, depth) for each in parts))
        if isinstance(node, ast.Tuple):
            return tuple(self._index(each, depth) for each in node.elts)
        return self.value(node, depth)

    def _part(self, node: ast.AST, depth: int) -> str:
        if isinstance(node, ast.FormattedValue):
            value = self.value(node.value, depth)
            if not is_kind(value, *_PLAIN, pathlib.PurePath):
                raise UnreadableError("not a plain value")
            form = "" if node.format_spec is None else str(self.value(node.format_spec, depth))
            return format(value, form)
        return str(self.value(node, depth))

    def _call(self, node: ast.Call, depth: int) -> Any:
        function = self.value(node.func, depth)
        if node.keywords or any(isinstance(each, ast.Starred) for each in node.args):
            raise UnreadableError("call")
        if all(function is not each for each in _HARMLESS):
            raise UnreadableError("call")
        values = [self.value(each, depth) for each in node.args]
        if not all(is_kind(each, *_PLAIN, pathlib.PurePath) for each in values):
            raise UnreadableError("call")
        return function(*values)


_HARMLESS = (str, int, os.path.join, os.path.basename, os.path.dirname, os.path.abspath,
             os.fspath, pathlib.Path, pathlib.PurePath, os.path.expanduser)  # fmt: skip


def reader_of(frame: LiveFrame, callers: Sequence[LiveFrame] = ()) -> Reader:
    """The failing statement of a live frame; an empty one where the source can't be read."""
    text = "\n".join(frame.source(1, MOST_LINES))
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        tree = ast.Module([], [])
    scope: ast.AST = tree
    for each in ast.walk(tree):
        if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef) and holds(each, frame.line):
            inner = each.lineno >= getattr(scope, "lineno", 0)
            scope = each if inner and each.body[0].lineno <= frame.line else scope
    found = [each for each in statements_of(scope) if holds(each, frame.line)]
    statement = found[-1] if found else None
    node = at(tree, frame.position) if frame.position else None
    if node is None:
        node = statement
    return Reader(tree, scope, frame.line, node, statement, frame.value, {}, tuple(callers))
