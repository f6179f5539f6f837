"""Values of two kinds in one operation, and calls that lack an argument."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from tfviz.doctor.live.clues.case import Case, Settled, says, settles
from tfviz.doctor.live.clues.pictures import nones
from tfviz.doctor.live.clues.seen import kind_of, shape_of, shown

_OPERANDS = re.compile(
    r"unsupported operand type\(s\) for (?P<op>[^:]+): '(?P<a>[\w.]+)' and '(?P<b>[\w.]+)'"
)
_CONCATENATE = re.compile(r"can only concatenate (?P<a>\w+) \(not \"(?P<b>[\w.]+)\"\) to")
_MISSING = re.compile(
    r"(?P<function>[\w.]+)\(\) missing \d+ required (?:positional|keyword-only) arguments?: "
    r"(?P<name>'\w+')"
)
_FLOAT_INDEX = re.compile(
    r"slice indices must be integers|only integers, slices|list indices must be"
)


@settles(errors=["TypeError", "UFuncTypeError"])
def kinds_that_do_not_mix(case: Case) -> Settled | None:
    """A list and a number, text and a number."""
    if case.ids or nones(case):
        return None
    match = _OPERANDS.search(case.message)
    if match and "None" not in case.message:
        groups = {"op": match["op"], "a": match["a"], "b": match["b"]}
        return Settled("python.operand_types", groups)
    match = _CONCATENATE.search(case.message)
    if match:
        return Settled("python.operand_types", {"op": "+", "a": match["a"], "b": match["b"]})
    return None


@says("python.operand_types", "numpy.ufunc_strings")
def which_kinds(case: Case) -> Iterator[str]:
    """Both operands by name, with what they are."""
    for node in (case.line.node, case.line.statement):
        for each in ast.walk(node) if node is not None else ():
            if not isinstance(each, ast.BinOp):
                continue
            missing = object()
            left, right = (case.line.maybe(side, missing) for side in (each.left, each.right))
            if left is missing or right is missing or type(left) is type(right):
                continue
            told = []
            for side, value in ((each.left, left), (each.right, right)):
                if not isinstance(side, ast.Constant):
                    what = kind_of(value)
                    what = what if shown(value) == what else f"{what}, {shown(value)}"
                    told.append(f"`{ast.unparse(side)}` is {what}")
            if told:
                yield f"{' and '.join(told)}."
                return


@settles(errors=["TypeError"])
def argument_missing(case: Case) -> Settled | None:
    """A call of the user's own that gives too little."""
    match = _MISSING.search(case.message)
    if match is None or case.ids:
        return None
    groups = {"function": match["function"], "name": match["name"]}
    return Settled("python.argument_missing", groups)


@says("python.argument_missing")
def what_was_given(case: Case) -> Iterator[str]:
    """The keywords of the call that it doesn't take are what was meant."""
    match = _MISSING.search(case.message)
    wanted = match["function"].split(".")[0] if match else ""
    for call in case.line.calls():
        name = ast.unparse(call.func)
        if match and name.rsplit(".", 1)[-1] in (wanted, match["function"].rsplit(".", 1)[-1]):
            words = [f"`{each.arg}`" for each in call.keywords if each.arg]
            given = [f"{len(call.args)} by position"] if call.args else []
            given += [f"{', '.join(words)} by name"] if words else []
            yield f"`{name}` was given {' and '.join(given) or 'nothing'}."
            return


@settles("python.argument_missing")
def old_argument(case: Case) -> Settled | None:
    """A keyword of an older Keras in the place of the one that is missing."""
    for call in case.line.calls():
        for each in call.keywords:
            if each.arg in _OLD:
                groups = {"name": each.arg, "layer": ast.unparse(call.func)}
                return Settled("keras2.layer_arguments", groups)
    return None


_OLD = ("nb_filter", "nb_row", "nb_col", "output_dim", "border_mode", "subsample", "init",
        "W_regularizer", "b_regularizer", "dim_ordering", "atrous_rate", "nb_feature",
        "filter_length", "pool_length")  # fmt: skip


@settles(errors=["TypeError", "IndexError"])
def float_as_index(case: Case) -> Settled | None:
    """A number with a point, as `/` gives it, where an index is needed."""
    if case.ids or not _FLOAT_INDEX.search(case.message):
        return None
    if any(type(value) is float for _, value in case.line.expressions()):
        return Settled("numpy.float_index")
    return None


@says("numpy.float_index")
def which_float(case: Case) -> Iterator[str]:
    """Its name and value."""
    for name, value in case.line.expressions():
        if type(value) is float or (shape_of(value) == () and "float" in str(type(value))):
            yield f"`{name}` is {shown(value)}, with a point: `int({name})`, or `//` where it is divided."
            return


_WRONG_KIND = re.compile(
    r"object of type '(?P<sized>\w+)' has no len|'(?P<cls>[\w.]+)' object (?:is not (?:subscriptable|"
    r"iterable|callable)|does not support item assignment)"
)


@settles(errors=["TypeError"])
def wrong_kind(case: Case) -> Settled | None:
    """A value of a kind that can't be done this with."""
    match = _WRONG_KIND.search(case.message)
    kind = match["sized"] or match["cls"] if match else ""
    if case.ids or not kind or kind == "NoneType":
        return None
    return Settled("python.wrong_kind", {"cls": kind})


@says("python.wrong_kind", "data.unrecognized_type")
def which_value(case: Case) -> Iterator[str]:
    """Its name, and what it is."""
    match = _WRONG_KIND.search(case.message)
    if match is None:
        return
    kind = (match["sized"] or match["cls"]).rsplit(".", 1)[-1]
    for name, value in case.line.expressions():
        if type(value).__name__ == kind:
            made = case.line.assigned(name)
            where = (
                f", from line {made.lineno}: `{ast.unparse(made).splitlines()[0]:.80}`"
                if made
                else ""
            )
            yield f"`{name}` is {kind_of(value)}{where}."
            return


@says("keras.argument_value")
def which_argument(case: Case) -> Iterator[str]:
    """The argument that isn't whole, by name."""
    for name, value in case.line.expressions():
        if type(value) in (float, str, tuple, list):
            yield f"`{name}` is {shown(value)}."
            return


_COUNT = re.compile(
    r"(?:tf__)?(?P<function>[\w.<>]+)\(\) takes (?:from \d+ to )?(?P<takes>\d+) positional arguments? "
    r"but (?P<given>\d+) (?:positional arguments? .*?)?(?:were|was) given"
)


@settles(errors=["TypeError"])
def argument_count(case: Case) -> Settled | None:
    """A call that gives more than the definition takes."""
    match = _COUNT.search(case.message)
    if match is None or case.ids:
        return None
    return Settled("python.argument_count", match.groupdict())


@says("python.argument_count")
def the_definition(case: Case) -> Iterator[str]:
    """The line that defines the function, where it is in the same file."""
    match = _COUNT.search(case.message)
    name = match["function"].rsplit(".", 1)[-1] if match else ""
    for each in ast.walk(case.line.tree):
        if isinstance(each, ast.FunctionDef) and each.name == name:
            yield f"`{name}` is defined on line {each.lineno} as `def {name}({ast.unparse(each.args)})`."
            return


@settles(errors=["ZeroDivisionError"])
def divided_by(case: Case) -> Settled | None:
    """By a number that is 0."""
    return None if case.ids else Settled("python.division_by_zero")


@says("python.division_by_zero")
def which_zero(case: Case) -> Iterator[str]:
    """What is divided by, and why it is 0."""
    for each in ast.walk(case.line.statement) if case.line.statement is not None else ():
        if not (isinstance(each, ast.BinOp | ast.AugAssign) and isinstance(each.op, _DIVISIONS)):
            continue
        divisor = each.right if isinstance(each, ast.BinOp) else each.value
        value = case.line.maybe(divisor)
        of = divisor.args[0] if isinstance(divisor, ast.Call) and divisor.args else None
        if type(value) in (int, float) and value == 0:
            yield f"`{ast.unparse(divisor)}` is 0."
        elif of is not None and ast.unparse(divisor.func) == "len":  # type: ignore[attr-defined]
            held = case.line.maybe(of)
            if type(held) in (list, tuple, dict, str) and not held:
                made = case.line.assigned(ast.unparse(of))
                where = f", from line {made.lineno}: `{ast.unparse(made):.80}`" if made else ""
                yield f"`{ast.unparse(divisor)}` is 0: `{ast.unparse(of)}` is {kind_of(held)} without entries{where}."


_DIVISIONS = (ast.Div, ast.FloorDiv, ast.Mod)


_FORMAT = re.compile(r"unsupported format string passed to ([\w.]+)\.__format__")


@settles(errors=["TypeError"])
def format_of_many(case: Case) -> Settled | None:
    """A number format for what holds several numbers."""
    match = _FORMAT.search(case.message)
    if match is None or (case.ids and not case.is_about(["python.format_spec"])):
        return None
    return Settled("python.format_spec", {"cls": f"`{match[1].rsplit('.', 1)[-1]}`"})


@says("python.format_spec")
def what_was_formatted(case: Case) -> Iterator[str]:
    """Its name and shape, and the line that gave it."""
    for node in ast.walk(case.line.statement) if case.line.statement is not None else ():
        if not isinstance(node, ast.FormattedValue) or node.format_spec is None:
            continue
        inner = node.value
        if isinstance(inner, ast.Call) and isinstance(inner.func, ast.Attribute) and not inner.args:
            inner = inner.func.value  # `x.numpy()` has the shape of x
        missing = object()
        value = case.line.maybe(inner, missing)
        if value is missing or type(value) in (int, float, str):
            continue
        shape = shape_of(value)
        if shape == ():
            continue
        what = f"{shape}, several numbers" if shape else kind_of(value)
        yield f"`{ast.unparse(inner)}` is {what}, and the format `{ast.unparse(node.format_spec)[2:-1]}` takes one."
        return
