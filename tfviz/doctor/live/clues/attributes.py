"""Attributes and arguments that there are not: what it was asked of, and the nearest name."""

from __future__ import annotations

import ast
import contextlib
import re
import types
from collections.abc import Iterator
from typing import Any

from tfviz.doctor.live.clues.case import Case, Settled, says, settles
from tfviz.doctor.live.clues.seen import close_to, kind_of
from tfviz.doctor.live.safely import is_kind, maybe, mro

MOST_NAMES = 5000
_NOT_FOUND = re.compile(r"(?:'(?P<cls>[\w.]+)' object|module '(?P<module>[\w.]+)'|type object '(?P<type>[\w.]+)') has no attribute '(?P<name>\w+)'")  # fmt: skip
_ARGUMENT = re.compile(
    r"(?P<function>[\w.]+)\(\) got an unexpected keyword argument '(?P<name>\w+)'"
    r"|Unrecognized keyword arguments?(?: passed to (?P<layer>\w+))?: \{?\[?'(?P<key>\w+)'"
)


@settles(errors=["AttributeError"])
def attribute_missing(case: Case) -> Settled | None:
    """A typo, or an attribute of another class."""
    match = _NOT_FOUND.search(case.message)
    if case.ids or match is None or match["cls"] == "NoneType":
        return None
    owner = _owner(case, match["name"])
    if owner is None and match["module"] is None:
        return None
    who = match["cls"] or match["module"] or match["type"]
    return Settled("python.attribute_missing", {"cls": who, "name": match["name"]})


def _owner(case: Case, name: str) -> tuple[str, Any] | None:
    missing = object()
    for top in (case.line.node, case.line.statement):
        for node in ast.walk(top) if top is not None else ():
            if isinstance(node, ast.Attribute) and node.attr == name:
                value = case.line.maybe(node.value, missing)
                if value is not missing:
                    return ast.unparse(node.value), value
    return None


@says("python.attribute_missing", "keras3.attr_removed", "keras.backend_attr_removed",
      "tf1.api_removed", "keras3.import_moved", "tf.eager_tensor_attribute",
      "keras.model_method_missing", errors=["AttributeError"])  # fmt: skip
def nearest_attribute(case: Case) -> Iterator[str]:
    """What it is that was asked, and the attribute nearest in name."""
    match = _NOT_FOUND.search(case.message)
    found = _owner(case, match["name"]) if match else None
    if found is None or match is None or found[1] is None:
        return
    name, owner = found
    known = _attributes(owner)
    wanted = match["name"]
    close = [each for each in known if each.lower().rstrip("s") == wanted.lower().rstrip("s")]
    near = close_to(wanted, close or known)
    if is_kind(owner, types.ModuleType):
        if near:
            yield f"`{name}` is the module {maybe(owner, '__name__')}; it has no `{wanted}`.{near}"
        return
    said = f"`{name}` is {kind_of(owner)}"
    # What was renamed stands in the fix, and is seldom the nearest in letters.
    renamed = case.is_about(["keras2.", "keras3.", "tf.", "keras."])
    if near and len(wanted) > 3 and not renamed:
        said += f", which has no `{wanted}`.{near}"
        yield said
    elif case.is_about(["python.attribute_missing", "tf.eager_tensor_attribute"]):
        yield f"{said}."


def _attributes(owner: Any) -> list[str]:
    names: dict[str, None] = {}
    if is_kind(owner, types.ModuleType):
        names.update(dict.fromkeys(vars(owner)))
    else:
        for each in mro(type(owner)):
            names.update(dict.fromkeys(vars(each)))
        if hasattr(type(owner), "__dict__"):
            with contextlib.suppress(AttributeError):
                names.update(dict.fromkeys(object.__getattribute__(owner, "__dict__")))
    return [each for each in names if isinstance(each, str) and not each.startswith("_")][
        :MOST_NAMES
    ]


@says("python.argument_unexpected", "keras2.", "keras3.lr_argument", "keras3.fit_arguments",
      errors=["TypeError", "ValueError"])  # fmt: skip
def arguments_there_are(case: Case) -> Iterator[str]:
    """The parameters of the function, and the nearest."""
    found = _unexpected(case)
    if found is None:
        return
    function, name, known = found
    near = close_to(name, known)
    if near:
        yield f"`{function}` takes no `{name}`.{near}"


@settles(errors=["TypeError", "ValueError"])
def argument_unexpected(case: Case) -> Settled | None:
    """An argument that the function doesn't take."""
    match = _ARGUMENT.search(case.message)
    if match is None or case.ids:
        return None
    name = match["name"] or match["key"]
    function = match["function"] or match["layer"] or "the function"
    return Settled("python.argument_unexpected", {"function": function, "name": name})


def _unexpected(case: Case) -> tuple[str, str, list[str]] | None:
    match = _ARGUMENT.search(case.message)
    if match is None:
        return None
    name = match["name"] or match["key"]
    for call in case.line.calls():
        if name in [each.arg for each in call.keywords]:
            function = case.line.maybe(call.func)
            if is_kind(function, type):
                known = [
                    p
                    for c in mro(function)
                    if "__init__" in vars(c)
                    for p in _parameters(vars(c)["__init__"])
                ]
            else:
                known = _parameters(function)
            return ast.unparse(call.func), name, known
    return None


def _parameters(function: Any) -> list[str]:
    function = maybe(function, "__wrapped__") or maybe(function, "__func__") or function
    if not is_kind(function, types.FunctionType):
        return []
    code = function.__code__
    names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    return [each for each in names if each not in ("self", "cls")]
