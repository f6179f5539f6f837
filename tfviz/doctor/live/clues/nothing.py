"""None where something was meant: which name, and the line that made it so."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tfviz.doctor.live.clues.case import Case, Settled, says, settles
from tfviz.doctor.live.clues.pictures import nones
from tfviz.doctor.live.clues.source import Reader
from tfviz.doctor.live.clues.trees import last_name


@settles("python.none_attribute", "autodiff.tape_gradient_none", "tf.none_to_tensor",
         "cv2.empty_image", "cv2.not_an_array",
         errors=["AttributeError", "TypeError"])  # fmt: skip
def none_of_the_users(case: Case) -> Settled | None:
    """A None that a function of the user's gave, or a method that changes in place."""
    if case.is_about(["cv2.imread_none", "cv2.no_camera_frame", "cv2.empty_crop", "keras3."]):
        return None
    if "None" not in case.message and not case.is_about(["cv2."]):
        return None
    for each in nones(case):
        if _gave_none(each, case.line):
            return Settled("python.none_attribute", {"name": f"`{ast.unparse(each)}`"})
    if not case.ids and nones(case):
        name = {"name": f"`{ast.unparse(nones(case)[0])}`"}
        return Settled("python.none_attribute", name, "likely")
    return None


def _gave_none(node: ast.AST, place: Reader) -> str:
    """Why a value is None, where its origin shows it; '' else."""
    for origin, there in place.origins(node):
        if isinstance(origin, ast.Constant) and origin.value is None:
            return f"line {origin.lineno} sets it to None"
        if not isinstance(origin, ast.Call):
            continue
        name = last_name(origin.func) or ""
        function = _function(there.tree, name)
        if function is not None:
            returns = [n for n in _own(function) if isinstance(n, ast.Return)]
            if not any(each.value is not None for each in returns):
                return (
                    f"line {origin.lineno} calls `{name}`, and `{name}` (line {function.lineno}) "
                    f"has no `return`"
                )
            if not isinstance(function.body[-1], ast.Return | ast.Raise):
                return (
                    f"line {origin.lineno} calls `{name}`, and `{name}` (line {function.lineno}) "
                    f"can end without reaching a `return`"
                )
        elif name in _IN_PLACE:
            return f"line {origin.lineno} takes what `{name}` gives, which changes in place and gives None"
    return ""


_IN_PLACE = ("append", "extend", "sort", "shuffle", "update", "compile", "summary", "add", "reverse",
             "insert", "save", "set_weights", "build", "fill", "put", "clear", "load_weights",
             "save_weights", "seed", "add_metric", "remove", "apply_gradients")  # fmt: skip


def _function(tree: ast.Module, name: str) -> ast.FunctionDef | None:
    found = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef) and n.name == name]
    return found[0] if len(found) == 1 else None


def _own(function: ast.FunctionDef) -> Iterator[ast.AST]:
    """The nodes of a function without those of functions inside it."""
    waiting: list[ast.AST] = list(function.body)
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, ast.FunctionDef | ast.Lambda | ast.ClassDef):
            waiting.extend(ast.iter_child_nodes(node))


@says("python.none_attribute", "tf.none_to_tensor")
def where_none_comes_from(case: Case) -> Iterator[str]:
    """Which name is None, and the assignment that made it so."""
    for each in nones(case)[:2]:
        why = _gave_none(each, case.line)
        name = ast.unparse(each)
        if why:
            yield f"`{name}` is None: {why}."
            continue
        statement = case.line.assigned(name)
        if statement is not None:
            source = ast.unparse(statement).splitlines()[0]
            yield f"`{name}` is None: line {statement.lineno} assigned it, `{source:.90}`."
        elif f"`{name}` is None" not in "".join(each.title for each in case.answer.findings[:1]):
            yield f"`{name}` is None."
