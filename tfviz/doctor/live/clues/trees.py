"""Questions to a syntax tree: what a statement binds, which argument a call gives, what stands where."""

from __future__ import annotations

import ast
from collections.abc import Iterator

_PLACE = ("lineno", "end_lineno", "col_offset", "end_col_offset")


def at(tree: ast.Module, position: tuple[int, int, int, int]) -> ast.AST | None:
    """The expression at a place; an expression rather than the statement that is all of it."""
    found: ast.AST | None = None
    for each in ast.walk(tree):
        place = tuple(getattr(each, name, None) for name in _PLACE)
        here = place == position and isinstance(each, ast.expr | ast.stmt)
        if here and (found is None or isinstance(found, ast.stmt)):
            found = each
    return found


def holds(node: ast.AST, line: int) -> bool:
    """Whether a statement, with its decorators and body, contains a line."""
    start = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", ()))])  # type: ignore[attr-defined]
    return bool(start <= line <= (node.end_lineno or node.lineno))  # type: ignore[attr-defined]


def statements_of(scope: ast.AST) -> Iterator[ast.stmt]:
    """The statements of a function or file, nested ones too, but not those of inner functions."""
    for name in ("body", "orelse", "finalbody", "handlers", "cases"):
        part = getattr(scope, name, None)
        for each in part if isinstance(part, list) else ():
            if isinstance(each, ast.stmt):
                yield each
            if not isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                yield from statements_of(each)


def bound_by(statement: ast.stmt) -> set[str]:
    """The names that a statement itself binds."""
    targets: list[ast.AST] = []
    match statement:
        case ast.Assign(targets=several):
            targets = list(several)
        case ast.AnnAssign(target=one) | ast.AugAssign(target=one):
            targets = [one]
        case ast.For(target=one) | ast.AsyncFor(target=one):
            targets = [one]
        case ast.With(items=items):
            targets = [each.optional_vars for each in items if each.optional_vars]
        case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
            return {name}
        case ast.Import(names=names) | ast.ImportFrom(names=names):
            return {(each.asname or each.name).split(".")[0] for each in names}
    return {n.id for t in targets for n in ast.walk(t)
            if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}  # fmt: skip


def value_of(statement: ast.stmt, name: str) -> ast.expr | None:
    """What a statement gives to a name; the whole right side when it is taken apart."""
    match statement:
        case ast.Assign(targets=[ast.Tuple(elts=names)], value=ast.Tuple(elts=values)):
            for target, value in zip(names, values, strict=False):
                if isinstance(target, ast.Name) and target.id == name:
                    return value
        case ast.Assign(value=value):
            return value
        case ast.AnnAssign(value=value):
            return value
    return None


def parameters(function: ast.FunctionDef | ast.AsyncFunctionDef) -> list[str]:
    """The names of a function's parameters, those by position first."""
    given = function.args
    return [each.arg for each in (*given.posonlyargs, *given.args, *given.kwonlyargs)]


def passed(function: ast.FunctionDef, call: ast.Call) -> list[tuple[str, ast.expr]]:
    """Which argument of a call is which parameter."""
    names = [each.arg for each in (*function.args.posonlyargs, *function.args.args)]
    if names[:1] in (["self"], ["cls"]):
        names = names[1:]
    found = []
    for name, value in zip(names, call.args, strict=False):
        if isinstance(value, ast.Starred):
            break
        found.append((name, value))
    return found + [(each.arg, each.value) for each in call.keywords if each.arg]


def preset(function: ast.FunctionDef) -> list[tuple[str, ast.expr]]:
    """The parameters that have a default, and it."""
    given = function.args
    by_place = [*given.posonlyargs, *given.args]
    found = list(zip(by_place[len(by_place) - len(given.defaults) :], given.defaults, strict=True))
    found += [
        (each, value)
        for each, value in zip(given.kwonlyargs, given.kw_defaults, strict=True)
        if value is not None
    ]
    return [(each.arg, value) for each, value in found]


def argument(call: ast.Call, place: int | None, *names: str) -> ast.expr | None:
    """An argument of a call, by its name or its place."""
    for each in call.keywords:
        if each.arg in names:
            return each.value
    if place is None or place >= len(call.args):
        return None
    if any(isinstance(each, ast.Starred) for each in call.args[: place + 1]):
        return None
    return call.args[place]


def last_name(function: ast.AST) -> str | None:
    """`fit` of `self.model.fit`, None where a call isn't by name."""
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else None


def own_parts(node: ast.AST) -> Iterator[ast.AST]:
    """What belongs to the statement itself: not the body of a loop or of a function."""
    for name, part in ast.iter_fields(node):
        if name in ("body", "orelse", "handlers", "finalbody") and isinstance(node, ast.stmt):
            continue
        for each in part if isinstance(part, list) else (part,):
            if isinstance(each, ast.AST):
                yield each
