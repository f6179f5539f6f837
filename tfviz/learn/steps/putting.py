"""A rule with the numbers of one place put in, and the whole of it held against TensorFlow's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tfviz.learn.steps.rules import Rule, evaluate, formula, letters, put_in, unbroadcast

MOST = 20_000_000
TERMS = 3
_CLOSE = {"float16": 2e-2, "bfloat16": 1e-1}
_FLOAT32 = float(np.finfo(np.float32).eps)


def follows(
    rule: Rule,
    op: Any,
    index: Sequence[int],
    inputs: Sequence[np.ndarray],
    y: np.ndarray,
    dy: np.ndarray,
    part: np.ndarray,
) -> tuple[bool | None, float]:
    """Whether the formula gives what TensorFlow's gradient is.

    Args:
        rule: The op's.
        op: The op.
        index: Which input; several where they are one and the same tensor.
        inputs: The values of all inputs.
        y: What the op returned.
        dy: The gradient there.
        part: The gradient that came back to this input through this op.

    Returns:
        The answer, None where the formula is for people only; and the largest difference, relative
        to the largest number.
    """
    if max(part.size, dy.size) > MOST:
        return None, 0.0
    known = _known(op, inputs, y, dy)
    total = np.zeros(part.shape)
    for each in index:
        try:
            found = evaluate(formula(rule, each), known, part.shape)
        except (NameError, KeyError, TypeError, ValueError, IndexError):
            found = None  # an op in a form that the formula doesn't speak of
        if found is None or found.shape != part.shape:
            return None, 0.0
        total += found
    if not part.size:
        return True, 0.0
    off = float(np.max(np.abs(total - np.asarray(part, np.float64))))
    largest = float(np.max(np.abs(part.astype(np.float64))))
    # Where many numbers were added up, float32 leaves so much of each.
    rounding = 4 * _FLOAT32 * float(np.sum(np.abs(known["dy"]))) / part.size
    close = _CLOSE.get(part.dtype.name, 1e-4)
    return off <= close * largest + rounding + 1e-30, off / largest if largest else off


def numbers_put_in(
    rule: Rule,
    op: Any,
    index: int,
    inputs: Sequence[np.ndarray],
    y: np.ndarray,
    dy: np.ndarray,
    part: np.ndarray,
    at: tuple[int, ...],
) -> str:
    """The formula with numbers for one place of an input, and what comes out; '' where it can't.

    Args:
        rule: The op's.
        op: The op.
        index: Which input.
        inputs: The values of all inputs.
        y: What the op returned.
        dy: The gradient there.
        part: The gradient that came back to this input.
        at: The place in it.
    """
    result = f" = {float(part[at]):.4g}"
    if op.type == "MatMul":
        return _products(op, index, inputs, dy, at) + result
    if op.type == "BiasAdd" and index == 1:
        channels_first = op.get_attr("data_format") == b"NCHW"
        seen = dy[:, at[0]] if channels_first else dy[..., at[0]]
        return _sum([f"{float(each):.4g}" for each in seen.reshape(-1)[:TERMS]], seen.size) + result
    form = formula(rule, index)
    if not rule.pointwise or not form or form.endswith("...") or dy.size > MOST:
        return ""
    known = _known(op, inputs, y, dy)
    if part.shape == dy.shape:
        numbers = {n: _at(each, dy.shape, at) for n, each in known.items()}
        return put_in(form, {n: each for n, each in numbers.items() if each is not None}) + result
    # It was used at several places: the terms of the sum there.
    whole = evaluate(form, known, dy.shape)
    if whole is None or unbroadcast(whole, part.shape).shape != part.shape:
        return ""
    where = np.arange(part.size).reshape(part.shape)
    mine = np.broadcast_to(where, dy.shape) == where[at]
    terms = whole[mine]
    return _sum([f"{each:.4g}" for each in terms[:TERMS]], terms.size) + result


def _products(
    op: Any, index: int, inputs: Sequence[np.ndarray], dy: np.ndarray, at: tuple[int, ...]
) -> str:
    """The products that make one number of a matrix product's gradient."""
    a, b = (np.asarray(each, np.float64) for each in inputs[:2])
    a = a.T if op.get_attr("transpose_a") else a
    b = b.T if op.get_attr("transpose_b") else b
    turned = op.get_attr("transpose_b" if index else "transpose_a")
    row, column = (at[1], at[0]) if turned else at
    pairs = (
        zip(dy[row], b[column], strict=True)
        if index == 0
        else zip(a[:, row], dy[:, column], strict=True)
    )
    listed = list(pairs)
    return _sum([f"{_signed(p)} · {_signed(q)}" for p, q in listed[:TERMS]], len(listed))


def _signed(value: float) -> str:
    text = f"{float(value):.3g}"
    return f"({text})" if text.startswith("-") else text


def _sum(terms: Sequence[str], count: int) -> str:
    text = " + ".join(terms).replace("+ -", "− ")
    return text if count <= len(terms) else f"{text} + … ({count} terms)"


def _known(
    op: Any, inputs: Sequence[np.ndarray], y: np.ndarray, dy: np.ndarray
) -> Mapping[str, np.ndarray]:
    names = letters(len(inputs))
    known = {n: np.asarray(each, np.float64) for n, each in zip(names, inputs, strict=False)}
    known |= {"y": np.asarray(y, np.float64), "dy": np.asarray(dy, np.float64)}
    if op.type == "LeakyRelu":
        known["alpha"] = np.asarray(op.get_attr("alpha"), np.float64)
    return known


def _at(array: np.ndarray, shape: tuple[int, ...], at: tuple[int, ...]) -> float | None:
    try:
        return float(np.broadcast_to(array, shape)[at])
    except ValueError:
        return None
