"""Which parts don't fit the others: index, shape, what differs, and what to type instead.

The majority is right: the shape of most parts, the first of them on a tie. A length that isn't
known yet (a batch axis inside a tf.function) fits any.
"""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Sequence
from typing import Any

from tfviz.arrays.kinds import Kind, Shape, shape_text
from tfviz.errors import InputError

# Longer lists hide the sentence that matters.
MOST_LISTED = 8
_STACK_ID = "(tfviz doctor show data.inhomogeneous_array)"
_JOIN_ID = "(tfviz doctor show shape.concatenate_mismatch)"


def integer_axis(axis: Any, *, verb: str) -> int:
    """The axis as an integer.

    Raises:
        InputError: If it isn't one.
    """
    if not isinstance(axis, bool):
        try:
            return operator.index(axis)
        except TypeError:
            pass
    raise InputError(
        f"axis={axis!r} is not an integer: {verb} joins along one axis, such as 0 or -1."
    )


def positive_axis(axis: int, ndim: int, shape: Shape | None, *, new: bool) -> int:
    """The axis counted from the front.

    Args:
        axis: As given, perhaps negative.
        ndim: The number of axes of a part.
        shape: The shape of a part, for the message.
        new: Whether the axis is to be made (stack) or is there (concatenate).

    Raises:
        InputError: If there is no such axis.
    """
    axes = ndim + 1 if new else ndim
    if -axes <= axis < axes:
        return axis % axes
    what = f"parts of shape {shape_text(shape)}" if shape is not None else f"parts with {ndim} axes"
    instead = ""
    if not new and axis == ndim:
        instead = f" For a new axis at the end use tfviz.stack(parts, axis={axis})."
    raise InputError(
        f"axis={axis} is out of range: {what} can be joined along axis {-axes} to {axes - 1}."
        f"{instead}"
    )


def require_fit(shapes: Sequence[Shape | None], axis: int, *, new: bool, kind: Kind) -> int:
    """Checks that all parts fit.

    Args:
        shapes: One a part, None where not even the number of axes is known.
        axis: Along which they are joined, as given.
        new: Whether that axis is made (stack) or there (concatenate).
        kind: Whose words the remedies use.

    Returns:
        The axis counted from the front; as given when no part's number of axes is known.

    Raises:
        InputError: Naming each part that doesn't fit.
    """
    known = [each for each in shapes if each is not None]
    if not known:
        return axis
    # An empty start, np.array([]), has no say.
    voters = [each for each in known if each != (0,)] or known
    ndim = Counter(map(len, voters)).most_common(1)[0][0]
    if not new:
        _require_axes(shapes, ndim)
    full = [each for each in voters if len(each) == ndim]
    place = positive_axis(axis, ndim, full[0], new=new)
    free = None if new else place
    if len(set(known)) == 1:
        return place
    wanted = _majority(full, free)
    odd = [i for i, each in enumerate(shapes) if not _fits(each, wanted, free)]
    if odd:
        raise InputError(_message(shapes, odd, wanted, place, new=new, kind=kind))
    return place


def _require_axes(shapes: Sequence[Shape | None], ndim: int) -> None:
    if ndim == 0 and all(each is None or len(each) == 0 for each in shapes):
        raise InputError(
            f"The {_parts(len(shapes))} are single numbers (shape ()), which have no axis to join "
            f"along: tfviz.stack(parts) puts them into one array."
        )


def _majority(shapes: Sequence[Shape], free: int | None) -> Shape:
    """The shape of most, with None on the axis that may differ and where nobody knows."""
    open_ = [tuple(None if a == free else n for a, n in enumerate(each)) for each in shapes]
    whole = [each for each in open_ if all(n is not None or a == free for a, n in enumerate(each))]
    if whole:
        return Counter(whole).most_common(1)[0][0]
    axes = zip(*open_, strict=True)
    counts = (Counter(n for n in each if n is not None).most_common(1) for each in axes)
    return tuple(each[0][0] if each else None for each in counts)


def _fits(shape: Shape | None, wanted: Shape, free: int | None) -> bool:
    if shape is None:
        return True
    return len(shape) == len(wanted) and not _differing(shape, wanted, free)


def _differing(shape: Shape, wanted: Shape, free: int | None) -> list[int]:
    pairs = enumerate(zip(shape, wanted, strict=True))
    return [a for a, (n, m) in pairs if a != free and None not in (n, m) and n != m]


def _message(
    shapes: Sequence[Shape | None],
    odd: list[int],
    wanted: Shape,
    axis: int,
    *,
    new: bool,
    kind: Kind,
) -> str:
    free = None if new else axis
    right = len(shapes) - len(odd)
    text = "(" + ", ".join("any" if a == free else _n(n) for a, n in enumerate(wanted))
    text += ",)" if len(wanted) == 1 else ")"
    have = f"{right} of {len(shapes)} {'has' if right == 1 else 'have'}"
    rule = (
        f"stack needs parts of one shape; {have} {text}"
        if new
        else f"concatenate along axis {axis} needs parts that agree in all other axes; "
        f"{have} {text}"
    )
    lines = [f"{rule}, but not:"]
    for i in odd[:MOST_LISTED]:
        shape = shapes[i]
        if shape is not None:
            lines.append(f"  part {i}: {shape_text(shape)}, {_reason(shape, wanted, free, kind)}")
    if len(odd) > MOST_LISTED:
        lines.append(f"  and {len(odd) - MOST_LISTED} more")
    lines.append(_instead(shapes, axis, new=new))
    return "\n".join(each for each in lines if each)


def _n(length: int | None) -> str:
    return "?" if length is None else str(length)


def _reason(shape: Shape, wanted: Shape, free: int | None, kind: Kind) -> str:
    """What is wrong with one part, and what to write in its place."""
    if shape == (0,) and len(wanted) > 1:
        return "an empty start such as np.array([]): leave it out and begin with an empty list"
    if len(shape) == 0:
        if len(wanted) == 1:
            return "a single number without an axis: x[None] makes one"
        return "a single number without an axis"
    if len(shape) == len(wanted) - 1:
        return _lacks(shape, wanted, free)
    if len(shape) == len(wanted) + 1:
        return _has_too_many(shape, wanted, free)
    if len(shape) != len(wanted):
        return f"{len(shape)} {_axes(len(shape))} instead of {len(wanted)}"
    differing = _differing(shape, wanted, free)
    told = " and ".join(f"axis {a} is {shape[a]} instead of {wanted[a]}" for a in differing)
    return told + _picture_hint(shape, wanted, differing, kind)


def _lacks(shape: Shape, wanted: Shape, free: int | None) -> str:
    """Which axis is missing: the one without which it would fit."""
    places = [a for a in range(len(wanted)) if a == free or wanted[a] in (1, None)]
    places.sort(key=lambda a: a != free)
    for place in places:
        whole = (*shape[:place], 1, *shape[place:])
        if not _differing(whole, wanted, free):
            return f"lacks {_axis_name(place, len(wanted))}: {_insert(place, len(wanted))}"
    if not _differing((*shape, 3), (*wanted[:-1], 3), free) and wanted[-1] in (3, 4):
        return f"gray among colour: np.repeat(x[..., None], {wanted[-1]}, axis=-1)"
    if not _differing(shape, wanted[1:], None if free is None else free - 1):
        return f"lacks {_axis_name(0, len(wanted))}: x[None] makes it of length 1"
    return f"{len(shape)} {_axes(len(shape))} instead of {len(wanted)}"


def _has_too_many(shape: Shape, wanted: Shape, free: int | None) -> str:
    for place, length in enumerate(shape):
        less = shape[:place] + shape[place + 1 :]
        if length == 1 and not _differing(less, wanted, free):
            taken = {0: "x[0]", len(shape) - 1: "x[..., 0]"}.get(place, f"np.squeeze(x, {place})")
            name = _axis_name(place, len(shape))
            return f"has {name} of length 1 too many: {taken}"
    if not _differing(shape[1:], wanted, free):
        return f"a whole batch of {_n(shape[0])} among single ones: take its items, *x"
    return f"{len(shape)} axes instead of {len(wanted)}"


def _picture_hint(shape: Shape, wanted: Shape, differing: list[int], kind: Kind) -> str:
    last = len(wanted) - 1
    if last < 2:
        return ""
    if differing == [last]:
        pair = (shape[last], wanted[last])
        hints: dict[tuple[int | None, int | None], str] = {
            (1, 3): " (gray among colour): np.repeat(x, 3, axis=-1)",
            (4, 3): " (with transparency): x[..., :3]",
            (3, 1): " (colour among gray): make all gray or all colour when reading",
            (3, 4): " (without transparency): read all alike, x[..., :3] of the others",
        }
        return hints.get(pair, "")
    if last == 2 and shape[0] in (1, 3) and (*shape[1:], shape[0]) == tuple(wanted):
        return f" (channels first): {kind.move_channels_last}"
    if shape[last - 2 : last] == wanted[last - 2 : last][::-1] and differing == [
        last - 2,
        last - 1,
    ]:
        return " (upright among lying): turn or resize it"
    return ""


def _instead(shapes: Sequence[Shape | None], axis: int, *, new: bool) -> str:
    known = [each for each in shapes if each is not None]
    ranks = set(map(len, known))
    doctor = _STACK_ID if new else _JOIN_ID
    if len(ranks) > 1:
        return doctor
    ndim = ranks.pop()
    fitting = [a for a in range(ndim) if not _disagree(known, a)]
    if fitting:
        along = " or ".join(f"axis={a}" for a in fitting)
        if new:
            return f"tfviz.concatenate(parts, {along}) would join them as they are. {doctor}"
        return f"They fit along {along}. {doctor}"
    if ndim == 1:
        return (
            f"Sequences of different length are padded: keras.utils.pad_sequences(parts). {doctor}"
        )
    return f"Bring all to one size first, images with a resize when they are read. {doctor}"


def _disagree(shapes: Sequence[Shape], free: int) -> bool:
    columns = enumerate(zip(*shapes, strict=True))
    return any(a != free and len({n for n in each if n is not None}) > 1 for a, each in columns)


def _axis_name(place: int, ndim: int) -> str:
    if place == 0 and ndim > 1:
        return "the batch axis"
    if place == ndim - 1 and ndim > 2:
        return "the channel axis"
    return f"axis {place}"


def _insert(place: int, ndim: int) -> str:
    if place == 0:
        return "x[None]"
    return "x[..., None]" if place == ndim - 1 else f"np.expand_dims(x, {place})"


def _axes(count: int) -> str:
    return "axis" if count == 1 else "axes"


def _parts(count: int) -> str:
    return "part" if count == 1 else f"{count} parts"
