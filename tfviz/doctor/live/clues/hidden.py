"""Names that hide others: a variable called like a builtin, a file of the user's like a package."""

from __future__ import annotations

import ast
import builtins
import os
import re
import sys
import sysconfig
import types
from collections.abc import Iterator

from tfviz.doctor.live.clues.case import Case, Settled, says, settles
from tfviz.doctor.live.clues.seen import kind_of
from tfviz.doctor.live.clues.source import Reader
from tfviz.doctor.live.safely import is_kind


@settles(errors=["TypeError", "AttributeError", "UnboundLocalError"])
def shadowed(case: Case) -> Settled | None:
    """A variable that has the name of a builtin, or of what is imported."""
    for name in _called_names(case):
        if _hides(case, name):
            return Settled("python.shadowed_builtin", {"name": name})
    return None


def _called_names(case: Case) -> Iterator[str]:
    """Names that the line calls or asks for attributes, and that can't be."""
    for top in (case.line.node, case.line.statement):
        for node in ast.walk(top) if top is not None else ():
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                if not callable(case.line.maybe(node.func, callable)):
                    yield node.func.id
            elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                yield node.value.id


def _hides(case: Case, name: str) -> bool:
    if not case.own.has(name):
        return False
    value = case.own.value(name)
    if is_kind(value, types.ModuleType):
        return False
    hidden = hasattr(builtins, name) and not callable(value)
    return hidden or (_imported(case.line, name) is not None and not callable(value))


def _imported(place: Reader, name: str) -> int | None:
    """The line that imports a name in the file."""
    for each in ast.walk(place.tree):
        if isinstance(each, ast.Import | ast.ImportFrom):
            if any((a.asname or a.name.split(".")[0]) == name for a in each.names):
                return each.lineno
        elif isinstance(each, ast.FunctionDef) and each.name == name:
            return each.lineno
    return None


@says("python.shadowed_builtin")
def what_hides_it(case: Case) -> Iterator[str]:
    """Which line gave the name another meaning."""
    for name in _called_names(case):
        if not _hides(case, name):
            continue
        value = case.own.value(name)
        lines = [e.lineno for e in case.line.bindings(name) if not isinstance(e, _IMPORTS)]
        if not lines:
            top = [e for e in case.line.tree.body if isinstance(e, ast.Assign)]
            lines = [e.lineno for e in top if name in map(ast.unparse, e.targets)]
        since = f" since line {lines[0]}" if lines else ""
        hidden = "Python's own"
        if not hasattr(builtins, name):
            hidden = f"what line {_imported(case.line, name)} brought in as"
        yield f"`{name}` is {kind_of(value)}{since}, and hides {hidden} `{name}`."
        return


_IMPORTS = (ast.Import, ast.ImportFrom)


@settles(errors=["AttributeError", "ImportError"])
def own_file_hides_a_module(case: Case) -> Settled | None:
    """A module that was imported from the user's folder instead of the library."""
    match = re.search(
        r"module '([\w.]+)' has no attribute|from (?:partially initialized module )?'([\w.]+)'",
        case.message,
    )
    name = (match[1] or match[2] or "").split(".")[0] if match else ""
    file = _own_file(case, name)
    if not file:
        return None
    if name in _PACKAGES:
        return Settled("env.local_file_shadows", {"name": name, "where": file})
    return Settled("python.local_file_shadows", {"module": name, "file": file})


_PACKAGES = (
    "tensorflow",
    "keras",
    "torch",
    "numpy",
    "cv2",
    "matplotlib",
    "PIL",
    "pandas",
    "sklearn",
)


def _own_file(case: Case, name: str) -> str:
    modules = [v for _, v in case.line.expressions() if is_kind(v, types.ModuleType)]
    module = next((m for m in modules if vars(m).get("__name__") == name), sys.modules.get(name))
    file = vars(module).get("__file__") if module is not None else None
    if not isinstance(file, str) or "site-packages" in file or "dist-packages" in file:
        return ""
    known = name in _PACKAGES or name in sys.stdlib_module_names
    if not known or file.startswith(sysconfig.get_path("stdlib")):
        return ""
    return os.path.basename(file)
