"""Pictures that OpenCV, Pillow and matplotlib refuse: where they come from and what they are."""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterator
from typing import Any

import numpy as np

from tfviz.doctor.live.clues.case import Case, Settled, says, settles
from tfviz.doctor.live.clues.paths import about_path
from tfviz.doctor.live.clues.seen import dtype_of, items_of, kind_of, listed, numbers_of, shape_of
from tfviz.doctor.live.clues.source import Reader, reader_of
from tfviz.doctor.live.clues.trees import argument, holds, last_name, statements_of
from tfviz.doctor.live.frames import LiveFrame
from tfviz.doctor.live.safely import is_a, maybe

READERS = ("imread", "imdecode")
_NOT_THERE = ("cv2.empty_image", "cv2.imread_none", "cv2.empty_crop", "cv2.no_camera_frame",
              "cv2.not_an_array", "viz.imshow_dtype_object", "cv2.unsupported_depth",
              "cv2.wrong_channels", "cv2.needs_gray_uint8", "tf.none_to_tensor",
              "autodiff.tape_gradient_none", "python.none_attribute",
              "pil.fromarray", "pil.fromarray_not_array", "viz.imshow_not_numeric",
              "viz.imshow_shape")  # fmt: skip


def operands(case: Case) -> Iterator[tuple[ast.expr, Any]]:
    """What the failing expression was done to: arguments, or what stands before a dot or bracket."""
    node = case.line.node
    parts: list[ast.expr] = []
    # The very operation first, then all on the statement.
    for top in (node, case.line.statement):
        for each in ast.walk(top) if top is not None else ():
            if isinstance(each, ast.Call):
                parts += [*each.args, *(keyword.value for keyword in each.keywords)]
            elif isinstance(each, ast.Attribute | ast.Subscript):
                parts.append(each.value)
            elif isinstance(each, ast.BinOp):
                parts += [each.left, each.right]
            elif isinstance(each, ast.For | ast.comprehension):
                parts.append(each.iter)
            elif isinstance(each, ast.Assign) and isinstance(each.targets[0], ast.Tuple):
                parts.append(each.value)
    missing = object()
    for part in dict.fromkeys(parts):
        value = case.line.maybe(part, missing)
        if value is not missing:
            yield part, value


def nones(case: Case) -> list[ast.expr]:
    """The operands that are None, without the constant itself."""
    return [n for n, value in operands(case) if value is None and not isinstance(n, ast.Constant)]


def read_by(node: ast.AST, place: Reader, *names: str) -> tuple[ast.Call, Reader] | None:
    """The call that a value came from, if it is one of these functions."""
    for origin, there in place.origins(node):
        if isinstance(origin, ast.Call) and last_name(origin.func) in names:
            return origin, there
    return None


def unread(case: Case) -> tuple[ast.expr, ast.Call, Reader] | None:
    """The picture that is None, and the call of a reader that gave it."""
    for each in nones(case):
        found = read_by(each, case.line, *READERS)
        if found is not None:
            return each, *found
    return None


@settles(*_NOT_THERE, errors=["AttributeError", "TypeError", "error"])
def which_empty_picture(case: Case) -> Settled | None:
    """A picture that was not read, a frame that didn't come, an empty part of a picture."""
    if unread(case) is not None or (nones(case) and _from_a_loop(case)):
        return Settled("cv2.imread_none")
    for each in nones(case):
        found = read_by(each, case.line, "read", "retrieve")
        if found is not None and _is_video(*found):
            return Settled("cv2.no_camera_frame")
    if case.is_about(["cv2."]):
        for _, value in operands(case):
            shape = shape_of(value)
            if shape is not None and len(shape) >= 2 and 0 in shape:
                return Settled("cv2.empty_crop")
    return None


def _from_a_loop(case: Case) -> str:
    """Which of many pictures that were read before is None: its name beside it in the loop."""
    for frame in (case.own, *case.callers[:3]):
        place = reader_of(frame)
        if not any(
            isinstance(n, ast.Call) and last_name(n.func) in READERS for n in ast.walk(place.tree)
        ):
            return ""
        for loop in statements_of(place.scope):
            if not isinstance(loop, ast.For) or not holds(loop, frame.line):
                continue
            names = [n.id for n in ast.walk(loop.target) if isinstance(n, ast.Name)]
            values = {name: place.maybe(ast.Name(name, ast.Load()), "") for name in names}
            empty = [name for name, value in values.items() if value is None]
            files = [
                n for n, v in values.items() if type(v) is str and v.lower().endswith(_SUFFIXES)
            ]
            if len(empty) == 1 and files and _read_together(loop.iter, frame, case):
                return (
                    f"`{empty[0]}` is None where `{files[0]}` is '{values[files[0]]}' (the loop on line "
                    f"{loop.lineno}): that file was not read."
                )
    return ""


def _read_together(source: ast.expr, frame: LiveFrame, case: Case) -> bool:
    """Whether what a loop goes over was made by reading one file for each entry."""
    at = next((i for i, each in enumerate(case.callers) if each is frame), -1)
    place = reader_of(frame, case.callers[at + 1 :])
    if isinstance(source, ast.Call) and last_name(source.func) in ("items", "enumerate", "sorted"):
        source = source.args[0] if source.args else source.func.value  # type: ignore[attr-defined]
    for origin, _ in place.origins(source):
        read = getattr(origin, "value", None) or getattr(origin, "elt", None)
        comprehension = isinstance(origin, ast.DictComp | ast.ListComp)
        if comprehension and isinstance(read, ast.Call) and last_name(read.func) in READERS:
            return True
    return False


_SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp", ".gif")


def _is_video(call: ast.Call, place: Reader) -> bool:
    if not isinstance(call.func, ast.Attribute):
        return False
    opened = read_by(call.func.value, place, "VideoCapture")
    return opened is not None or is_a(place.maybe(call.func.value), "cv2", "VideoCapture")


@says("cv2.imread_none")
def file_that_was_not_read(case: Case) -> Iterator[str]:
    """Which file, and what is there."""
    found = unread(case)
    if found is None:
        yield from filter(None, [_from_a_loop(case)])
        return
    picture, call, place = found
    name = f"`{ast.unparse(picture)}` is None: "
    function = ast.unparse(call.func)
    path = place.maybe(argument(call, 0, "filename"), None)
    if path is None:
        yield f"{name}`{ast.unparse(call)}` on line {call.lineno} read nothing."
        return
    said = about_path(path, picture=True)
    shown = f"'{os.fspath(path)}'" if isinstance(path, str | os.PathLike) else repr(path)[:60]
    end = "" if said.endswith(("?", ".")) else "."
    if said:
        yield f"{name}`{function}` on line {call.lineno} was to read {shown}, which {said}{end}"
    else:
        yield (
            f"{name}`{function}` on line {call.lineno} could not decode {shown}; the file is there, "
            f"so it is damaged or of a kind that OpenCV doesn't read."
        )
    if (
        said.startswith("does not exist")
        and "mean" not in said
        and not os.path.isabs(os.fspath(path))
    ):
        yield f"It is looked for from the working directory, '{os.getcwd()}'."


@says("cv2.no_camera_frame")
def frame_that_did_not_come(case: Case) -> Iterator[str]:
    """Which source gave none."""
    for each in nones(case):
        found = read_by(each, case.line, "read", "retrieve")
        if found is None:
            continue
        call, place = found
        assert isinstance(call.func, ast.Attribute)
        said = f"`{ast.unparse(each)}` is None: `{ast.unparse(call)}` gave no frame"
        opened = read_by(call.func.value, place, "VideoCapture")
        source = opened[1].maybe(argument(opened[0], 0)) if opened else None
        if isinstance(source, str):
            about = about_path(source) or "is there, so it has ended or can't be decoded"
            said += f"; '{source}' {about}"
        elif isinstance(source, int):
            said += f"; there may be no camera of number {source}"
        yield f"{said}."
        return


@says("cv2.empty_crop")
def empty_part(case: Case) -> Iterator[str]:
    """Which part, of which picture, and the bounds."""
    for node, value in operands(case):
        shape = shape_of(value)
        if shape is None or len(shape) < 2 or 0 not in shape:
            continue
        said = f"`{ast.unparse(node)}` is {shape}, without a pixel"
        for origin, place in case.line.origins(node):
            if not isinstance(origin, ast.Subscript):
                continue
            whole = shape_of(place.maybe(origin.value))
            bounds = _bounds(origin, place)
            if whole is not None and bounds:
                said += (
                    f": it is [{bounds}] of `{ast.unparse(origin.value)}`, which is "
                    f"{whole[0]} high and {whole[1]} wide"
                )
            break
        yield f"{said}."
        return


def _bounds(node: ast.Subscript, place: Reader) -> str:
    """The slices with their numbers; '' where one of them can't be read."""
    parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    shown = []
    missing = object()
    for each in parts:
        if not isinstance(each, ast.Slice):
            return ""
        ends = [
            None if end is None else place.maybe(end, missing) for end in (each.lower, each.upper)
        ]
        if missing in ends:
            return ""
        shown.append(":".join("" if end is None else str(end) for end in ends))
    return ", ".join(shown)


@says("cv2.", "pil.fromarray", "pil.fromarray_not_array", "viz.imshow_shape",
      "viz.imshow_not_numeric", "viz.clipping")  # fmt: skip
def what_the_picture_is(case: Case) -> Iterator[str]:
    """Shape, dtype and range of the arrays that were given."""
    if case.is_about(["cv2.imread_none", "cv2.no_camera_frame", "cv2.empty_crop"]):
        return
    told = 0
    for node, value in operands(case):
        shape = shape_of(value)
        name = ast.unparse(node)
        if shape is None or (len(shape) == 0 and "imshow" not in case.message and not _drawn(case)):
            if is_a(value, "PIL", "Image") and case.is_about(["cv2."]):
                yield f"`{name}` is {kind_of(value)} of Pillow, not a NumPy array."
                told += 1
            continue
        said = f"`{name}` is {kind_of(value)} {shape} of {dtype_of(value)}"
        numbers = numbers_of(value)
        if numbers is not None and numbers.size and numbers.dtype.kind in "fiu":
            low, high = numbers.min(), numbers.max()
            said += f", {low:.4g} to {high:.4g}" if low != high else f", all {low:.4g}"
        yield f"{said}{_hint(case, name, value)}."
        told += 1
        if told == 2:
            break


def as_bytes(name: str, value: Any) -> str:
    """The expression that makes uint8 of floats, by the range they have."""
    numbers = numbers_of(value)
    simple = name.isidentifier()
    inner = name if simple else f"({name})"
    if numbers is None or not numbers.size or not np.isfinite(numbers).all():
        return f"{inner}.astype('uint8')"
    low, high = float(numbers.min()), float(numbers.max())
    if low >= 0 and high <= 1:
        return f"(255 * {name}).astype('uint8')" if simple else f"(255 * ({name})).astype('uint8')"
    if low >= 0 and high <= 255:
        return f"{inner}.astype('uint8')"
    if low >= -1 and high <= 1:
        return f"(127.5 * ({name} + 1)).astype('uint8')"
    return f"cv2.normalize({name}, None, 0, 255, cv2.NORM_MINMAX).astype('uint8')"


def _drawn(case: Case) -> bool:
    return bool(case.line.calls("imshow"))


def _hint(case: Case, name: str, value: Any) -> str:
    shape, dtype = shape_of(value) or (), dtype_of(value)
    if not is_a(value, "numpy", "ndarray"):
        return ": OpenCV takes NumPy arrays, so `.numpy()`" if case.is_about(["cv2."]) else ""
    if case.is_about(["cv2.colormap_float", "pil.fromarray"]) and dtype.startswith("float"):
        return f", not uint8: `{as_bytes(name, value)}`"
    if case.is_about(["cv2.wrong_channels"]):
        if len(shape) == 2:
            return ": it has no channels, so it is gray already"
        if len(shape) == 3:
            return f": it has {shape[-1]} channel{'s' * (shape[-1] != 1)}"
    if case.is_about(["viz.imshow_shape"]) and len(shape) == 4:
        return f": its first axis counts {shape[0]} picture{'s' * (shape[0] != 1)}"
    return ""


@says("cv2.size_mismatch", "cv2.type_mismatch")
def which_axis_of_two_pictures(case: Case) -> Iterator[str]:
    """Two pictures that don't fit each other."""
    shapes = [(ast.unparse(node), shape_of(value)) for node, value in operands(case)]
    found = [(name, shape) for name, shape in shapes if shape is not None and len(shape) > 1]
    if len(found) < 2:
        return
    (a, one), (b, two) = found[:2]
    if len(one) != len(two):
        yield f"`{a}` has {len(one)} axes and `{b}` has {len(two)}: one is gray."
    elif one[:2] == two[1::-1]:
        yield (
            f"Height and width are exchanged between `{a}` and `{b}`: `cv2.resize` takes "
            f"(width, height), and `.shape` is (height, width)."
        )
    elif one[:2] != two[:2]:
        yield f"`{a}` is {one[0]} x {one[1]} (height x width), `{b}` is {two[0]} x {two[1]}."


@says("pil.images_do_not_match")
def which_of_two_images(case: Case) -> Iterator[str]:
    """Size and mode of each, and whether width and height are exchanged."""
    found: dict[str, tuple[Any, Any]] = {}
    for node, value in operands(case):
        if is_a(value, "PIL", "Image"):
            found.setdefault(ast.unparse(node), (maybe(value, "size"), maybe(value, "mode")))
    if len({size for size, _ in found.values()}) > 1:
        told = [f"`{name}` is {s[0]} wide and {s[1]} high" for name, (s, _) in found.items()]
        sizes = list({size for size, _ in found.values()})
        turned = len(sizes) == 2 and sizes[0] == sizes[1][::-1]
        yield f"{listed(told)}{': width and height are exchanged' if turned else ''}."
    elif len({mode for _, mode in found.values()}) > 1:
        yield f"{listed([f'`{name}` is of mode {mode}' for name, (_, mode) in found.items()])}."


@says("viz.imshow_dtype_object")
def object_picture(case: Case) -> Iterator[str]:
    """A list of unequal pictures, or None."""
    for node, value in operands(case):
        items = items_of(value)
        if items:
            shapes = {shape_of(each) for each in items}
            if len(shapes) > 1:
                shown = sorted(map(str, shapes))
                yield f"`{ast.unparse(node)}` holds pictures of shapes {', '.join(shown[:3])}."
        elif value is None and not isinstance(node, ast.Constant):
            yield f"`{ast.unparse(node)}` is None."


@says("viz.xy_length")
def two_lengths(case: Case) -> Iterator[str]:
    """How long x and y are, by name."""
    for call in case.line.calls():
        lengths = []
        for each in call.args[:2]:
            value = case.line.maybe(each)
            shape = shape_of(value)
            size = (
                shape[0] if shape else len(value) if type(value) in (list, tuple, range) else None
            )
            if size is None:
                break
            lengths.append((ast.unparse(each), size))
        if len(lengths) == 2 and lengths[0][1] != lengths[1][1]:
            (a, m), (b, n) = lengths
            yield f"`{a}` has {m} values and `{b}` has {n}."
            return
    match = re.search(r"shapes? \((\d+),\) and \((\d+),\)", case.message)
    if match:
        yield f"x has {match[1]} values and y has {match[2]}."


@says("cv2.resize_zero_target")
def which_size(case: Case) -> Iterator[str]:
    """The size that is asked for."""
    for node, value in operands(case):
        if type(value) in (tuple, list) and any(type(e) is int and e <= 0 for e in value):
            yield f"`{ast.unparse(node)}` is {value}: (width, height), and each must be at least 1."
            return


@says("cv2.integer_arguments")
def which_floats(case: Case) -> Iterator[str]:
    """The arguments that aren't whole numbers."""
    for node, value in operands(case):
        parts = value if type(value) is tuple else (value,)
        broken = [each for each in parts if type(each) is float or is_a(each, "numpy", "floating")]
        if broken and not isinstance(node, ast.Constant):
            yield f"`{ast.unparse(node)}` is {value}, not of whole numbers: `int(...)` or `//`."
            return
