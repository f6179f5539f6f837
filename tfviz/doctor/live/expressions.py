"""Which names stand on a line of code, and what they stand for; nothing is evaluated."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterator, Sequence
from types import ModuleType
from typing import Any

from tfviz.doctor.live.frames import LiveFrame, is_installed
from tfviz.doctor.live.safely import UnreadableError, is_kind, maybe, read, static
from tfviz.doctor.live.values import is_array, is_code, is_plain_object

# A longer file isn't parsed as a whole: only the lines around the place.
MOST_LINES = 4_000
MOST_OF_A_STATEMENT = 40
_NAMES = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*")
_STRINGS = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|#.*")
# Library properties that only tell; others are known from the object itself.
_TELLING = frozenset(
    ("input", "output", "inputs", "outputs", "input_shape", "output_shape", "weights", "variables",
     "trainable_variables", "trainable_weights", "kernel", "bias", "units", "classes_")
)  # fmt: skip
_INNER = ("<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>", "<lambda>")


def on_the_line(frame: LiveFrame, around: Sequence[LiveFrame] = ()) -> list[tuple[str, Any]]:
    """The values on a line: (how the line writes it, the value), first what failed.

    Names, attributes, and elements of lists and dictionaries, as far as they can be read without
    running code; no functions, classes and modules.

    Args:
        frame: Where.
        around: The frames it came from: a comprehension sees names of the function around it.
    """
    scopes = [frame, *_enclosing(frame, around)]
    found: dict[str, Any] = {}
    for node in _expressions(frame):
        for name, value in _values(node, scopes):
            if name not in found and not is_code(value):
                found[name] = value
    return list(found.items())


def statement_at(frame: LiveFrame) -> ast.stmt | None:
    """The innermost statement on the line, as the user wrote it; None when it can't be read."""
    tree = _tree("\n".join(frame.source(1, MOST_LINES + 1)))
    if tree is None:
        return _statement_around(frame)
    found: ast.stmt | None = None
    for node in ast.walk(tree):
        if isinstance(node, ast.stmt) and _spans(node, frame):
            # The walk goes outside in.
            found = node
    return found


def _spans(node: ast.stmt, frame: LiveFrame) -> bool:
    first = min([node.lineno, *(each.lineno for each in getattr(node, "decorator_list", ()))])
    end, last = node.end_lineno or first, node.end_col_offset or 0
    if frame.position is None:
        return first <= frame.line <= end
    start, stop = frame.position[::2], frame.position[1::2]
    return (first, node.col_offset if first == node.lineno else 0) <= start and stop <= (end, last)


@functools.lru_cache(maxsize=4)
def _tree(source: str) -> ast.Module | None:
    if not source or source.count("\n") >= MOST_LINES:
        return None
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _statement_around(frame: LiveFrame) -> ast.stmt | None:
    """By trying: the shortest run of lines from this one on that is a statement."""
    lines = frame.source(frame.line, frame.line + MOST_OF_A_STATEMENT)
    if not lines:
        return None
    indent = len(lines[0]) - len(lines[0].lstrip())
    for count in range(1, len(lines) + 1):
        text = "\n".join([lines[0][indent:], *lines[1:count]])
        for tail in ("", "\n pass"):
            try:
                tree = ast.parse(text + tail)
            except (SyntaxError, ValueError, RecursionError, MemoryError):
                continue
            if tree.body:
                return ast.increment_lineno(tree.body[0], frame.line - 1)
    return None


def _enclosing(frame: LiveFrame, around: Sequence[LiveFrame]) -> list[LiveFrame]:
    if frame.function not in _INNER:
        return []
    at = next((i for i, each in enumerate(around) if each is frame), 0)
    return [each for each in reversed(around[:at]) if each.file == frame.file][:1]


# ---- from the code to names


def _expressions(frame: LiveFrame) -> Iterator[ast.expr]:
    statement = statement_at(frame)
    if statement is None:
        code = _STRINGS.sub("", frame.code)
        for match in _NAMES.finditer(code):
            yield ast.parse(match.group(0), mode="eval").body
        return
    parts = list(_parts_on(statement))
    failed = [each for each in (_inside(part, frame) for part in parts) if each is not None]
    # The rest of a statement around a lambda isn't what ran.
    for part in failed if failed and frame.function == "<lambda>" else (*failed, *parts):
        yield from _readable(part, frame)


def _parts_on(statement: ast.stmt) -> Iterator[ast.expr]:
    """The expressions of a statement itself: of a loop or a `with` only the head."""
    for field, value in ast.iter_fields(statement):
        if field in ("body", "orelse", "finalbody", "handlers", "decorator_list", "cases"):
            continue
        for each in value if isinstance(value, list) else [value]:
            if isinstance(statement, ast.AugAssign) and each is statement.target:
                # Read before it is stored.
                yield ast.parse(ast.unparse(each), mode="eval").body
            elif isinstance(each, ast.expr):
                yield each
            elif isinstance(each, ast.withitem):
                yield each.context_expr


def _inside(part: ast.expr, frame: LiveFrame) -> ast.expr | None:
    """The expression in `part` that failed, None when it isn't in there."""
    if frame.function == "<lambda>":
        return next((each.body for each in _lambdas_in(part) if _ran(each, frame)), None)
    for node in ast.walk(part):
        if isinstance(node, ast.expr) and _position(node) == frame.position:
            return node
    return None


def _position(node: ast.expr) -> tuple[int, int | None, int, int | None]:
    return node.lineno, node.end_lineno, node.col_offset, node.end_col_offset


def _lambdas_in(part: ast.expr) -> Iterator[ast.Lambda]:
    return (node for node in ast.walk(part) if isinstance(node, ast.Lambda))


def _ran(node: ast.Lambda, frame: LiveFrame) -> bool:
    if frame.position is not None:
        return any(
            isinstance(each, ast.expr) and _position(each) == frame.position
            for each in ast.walk(node.body)
        )
    # AutoGraph lost its columns: it is known by its parameters.
    return {each.arg for each in (*node.args.posonlyargs, *node.args.args)} <= set(frame.locals)


def _readable(node: ast.AST, frame: LiveFrame) -> Iterator[ast.expr]:
    """Names, attributes and subscripts in order of the text; not what is only assigned."""
    if isinstance(node, ast.Attribute | ast.Subscript | ast.Name):
        if isinstance(node.ctx, ast.Load) and _is_chain(node):
            yield node
        if isinstance(node, ast.Subscript):
            # What is stored into `x[i]` needs x and i as much.
            if not isinstance(node.ctx, ast.Load) or not _is_chain(node):
                yield from _readable(node.value, frame)
            yield from _readable(node.slice, frame)
        elif isinstance(node, ast.Attribute) and not _is_chain(node):
            yield from _readable(node.value, frame)
        return
    # In the frame of a lambda or comprehension its own names are the ones that count.
    bound = set() if frame.function in _INNER else _bound_in(node)
    for child in ast.iter_child_nodes(node):
        for each in _readable(child, frame):
            root = _root(each)
            if root not in bound:
                yield each


def _bound_in(node: ast.AST) -> set[str]:
    """Names that only an inner scope knows: the same name outside is something else."""
    if isinstance(node, ast.Lambda):
        arguments = node.args
        every = (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)
        return {each.arg for each in every}
    if isinstance(node, ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp):
        targets = [each.target for each in node.generators]
        return {n.id for t in targets for n in ast.walk(t) if isinstance(n, ast.Name)}
    return set()


def _is_chain(node: ast.AST) -> bool:
    """Whether it is a name with attributes and plain subscripts: `self.data["x"][i]`."""
    while True:
        if isinstance(node, ast.Name):
            return True
        if isinstance(node, ast.Attribute) or (
            isinstance(node, ast.Subscript) and _is_key(node.slice)
        ):
            node = node.value
        else:
            return False


def _is_key(node: ast.AST) -> bool:
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        node = node.operand
    return isinstance(node, ast.Constant | ast.Name)


def _root(node: ast.AST) -> str:
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


# ---- from names to values


def _values(node: ast.expr, scopes: Sequence[LiveFrame]) -> Iterator[tuple[str, Any]]:
    """What a chain says, as far along it as can be read."""
    if isinstance(node, ast.Name):
        for scope in scopes:
            if scope.has(node.id):
                yield node.id, scope.value(node.id)
                return
        return
    if not isinstance(node, ast.Attribute | ast.Subscript):
        return
    before = list(_values(node.value, scopes))
    if not before or before[-1][0] != ast.unparse(node.value):
        # The chain broke off earlier: what was reached says most.
        yield from before
        return
    name, owner = before[-1]
    if is_kind(owner, ModuleType) and is_installed(maybe(owner, "__file__") or "<frozen >"):
        return  # `np.pi`, `cv2.COLOR_BGR2GRAY`: the line says it all
    try:
        if isinstance(node, ast.Attribute):
            value = _attribute(owner, node.attr)
        else:
            value = _element(owner, node.slice, scopes)
    except Exception:  # absent, or the property of an object that the error left half built
        yield from _worth_telling(name, owner)
        return
    if is_code(value) and not is_code(owner):
        # A method says nothing, what it belongs to does.
        yield from _worth_telling(name, owner)
    else:
        if isinstance(node, ast.Subscript):
            yield from _worth_telling(name, owner)
        yield ast.unparse(node), value


def _worth_telling(name: str, owner: Any) -> Iterator[tuple[str, Any]]:
    if not is_plain_object(owner):
        yield name, owner


def _attribute(owner: Any, name: str) -> Any:
    if is_array(owner):
        raise UnreadableError(name)  # the shape and the like are told with the array
    if _is_property(owner, name) and name not in _TELLING:
        raise UnreadableError(name)
    return read(owner, name)


def _is_property(owner: Any, name: str) -> bool:
    return is_kind(static(owner, name), property)


def _element(owner: Any, key: ast.expr, scopes: Sequence[LiveFrame]) -> Any:
    """An element of a plain list, tuple or dictionary by a constant or a plain variable.

    Raises:
        UnreadableError: For other containers and keys.
        LookupError: When it isn't there.
    """
    negative = isinstance(key, ast.UnaryOp)
    if isinstance(key, ast.UnaryOp):
        key = key.operand
    if isinstance(key, ast.Name):
        which = next((scope.value(key.id) for scope in scopes if scope.has(key.id)), None)
    else:
        which = key.value if isinstance(key, ast.Constant) else None
    if type(which) is int and negative:
        which = -which
    if type(which) is str or type(which) is int:
        if is_kind(owner, dict):
            return dict.__getitem__(owner, which)
        if is_kind(owner, list) and type(which) is int:
            return list.__getitem__(owner, which)
        if is_kind(owner, tuple) and type(which) is int:
            return tuple.__getitem__(owner, which)
    raise UnreadableError("element")
