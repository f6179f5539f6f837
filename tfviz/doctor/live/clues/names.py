"""A name that isn't known: the nearest that is, and where it was left behind."""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Iterator

from tfviz.doctor.live.clues.case import Case, Settled, says, settles
from tfviz.doctor.live.clues.seen import close_to
from tfviz.doctor.live.clues.trees import bound_by

_UNKNOWN = re.compile(r"name '(\w+)' is not defined|local variable '(\w+)'")


@settles(errors=["NameError"])
def name_unknown(case: Case) -> Settled | None:
    """No other diagnosis knows the name."""
    match = _UNKNOWN.search(case.message)
    if case.ids or match is None:
        return None
    return Settled("python.name_unknown", {"name": match[1] or match[2]})


@says(errors=["NameError"])
def where_the_name_is(case: Case) -> Iterator[str]:
    """What of that name, or nearly, there is."""
    match = _UNKNOWN.search(case.message)
    if match is None:
        return
    name = match[1] or match[2]
    lines = [each.lineno for each in case.line.bindings(name)]
    before = [line for line in lines if line < case.own.line]
    if lines and not before:
        yield f"`{name}` is assigned on line {lines[0]}, which hadn't run when line {case.own.line} asked for it."
        return
    if before:
        yield f"`{name}` is assigned on line {before[-1]}, which didn't run this time (a branch, a loop without a turn, or `del`)."
        return
    for each in ast.walk(case.line.tree):
        if isinstance(each, ast.FunctionDef) and each is not case.line.scope:
            inside = [s for s in ast.walk(each) if isinstance(s, ast.stmt) and name in bound_by(s)]
            if inside:
                yield f"`{name}` is a name of `{each.name}` alone (line {inside[0].lineno}): return it, or hand it over."
                return
    known = [*case.own.locals, *case.own.globals, *vars(builtins)]
    near = close_to(name, known)
    if near:
        yield f"Nothing is called `{name}` here.{near}"
