"""Mistakes in how a tape is asked: what it watches, how often, and while it still records."""

from __future__ import annotations

import contextlib
import functools
import gc
import logging
import weakref
from collections.abc import Iterator
from typing import Any

import numpy as np
import tensorflow as tf

from tfviz.learn.tapes.line import STEPS, Line, losses_of, right_losses, said_by
from tfviz.learn.tapes.mistake import Mistake


def unwatched() -> Mistake:
    """A gradient by a constant."""
    x = tf.constant(3.0)
    with tf.GradientTape() as tape:
        y = x * x
    without = tape.gradient(y, x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = x * x
    return Mistake(
        "unwatched",
        "A constant is not watched",
        "x = tf.constant(3.0)\nwith tf.GradientTape() as tape:\n    y = x * x\n"
        "tape.gradient(y, x)   # None",
        "x = tf.constant(3.0)\nwith tf.GradientTape() as tape:\n    tape.watch(x)\n    y = x * x\n"
        "tape.gradient(y, x)   # 6.0",
        "Variables are watched by themselves, inputs are not: a gradient by the image needs "
        "tape.watch(image).",
        facts={
            "without watch": None if without is None else float(without),
            "with watch": float(tape.gradient(y, x)),
        },
        torch="x.requires_grad_() forgotten",
    )


def used_twice() -> Mistake:
    """Two questions to a tape that answers one."""
    line = Line()
    with tf.GradientTape() as tape:
        loss = line.loss()
    first = tape.gradient(loss, line.w.value)
    said = said_by(lambda: tape.gradient(loss, line.b.value))
    return Mistake(
        "used-twice",
        "A tape is asked twice",
        "dw = tape.gradient(loss, w)\ndb = tape.gradient(loss, b)",
        "dw, db = tape.gradient(loss, [w, b])",
        "A tape lets go of what it recorded with the first answer. Ask for all at once; for two "
        "losses use two tapes, or persistent=True.",
        facts={"first answer": float(first)},
        error=said,
        torch="Trying to backward through the graph a second time (retain_graph=True)",
    )


def persistent() -> Mistake:
    """A tape that never lets go."""
    kept = _alive(one_tape=True)
    fresh = _alive(one_tape=False)
    line = Line()
    with tf.GradientTape(persistent=True) as tape:
        loss = line.loss()
    both = [tape.gradient(loss, each.value) for each in line.variables]
    together = line.gradients()
    same = all(float(p) == float(q) for p, q in zip(both, together, strict=True))
    del tape
    return Mistake(
        "persistent",
        "One persistent tape for all steps",
        "tape = tf.GradientTape(persistent=True)\nfor batch in data:\n    with tape:\n"
        "        loss = loss_of(batch)\n    gradients = tape.gradient(loss, variables)",
        "for batch in data:\n    with tf.GradientTape(persistent=True) as tape:\n"
        "        loss = loss_of(batch)\n    gradients = tape.gradient(loss, variables)\n"
        "    del tape",
        "A persistent tape may be asked as often as one likes and gives the same gradients, but "
        "it never lets go: every step's values stay in memory until the tape itself goes.",
        facts={
            "steps whose values are alive, one tape": f"{kept} of {STEPS}",
            "steps whose values are alive, a new tape each": f"{fresh} of {STEPS}",
            "gradients the same": "yes" if same else "no",
        },
        torch="losses kept in a list with their graph (losses.append(loss))",
    )


def _alive(*, one_tape: bool) -> int:
    """For how many steps an intermediate value is still there after the last of them."""
    line = Line()
    seen = []
    tape = tf.GradientTape(persistent=True)
    for _ in range(STEPS):
        if not one_tape:
            tape = tf.GradientTape(persistent=True)
        with tape:
            residuals = line.residuals()
            loss = tf.reduce_mean(tf.square(residuals))
        seen.append(weakref.ref(residuals))
        gradients = tape.gradient(loss, [each.value for each in line.variables])
        line.apply(list(gradients))
        del residuals, loss, gradients
        if not one_tape:
            del tape
    gc.collect()
    return sum(each() is not None for each in seen)


def inside() -> Mistake:
    """A step while the tape records."""
    second: dict[bool, Any] = {}

    def step(line: Line, *, within: bool) -> None:
        values = [each.value for each in line.variables]
        with tf.GradientTape(persistent=True) as tape:
            loss = line.loss()
            if within:
                gradients = tape.gradient(loss, values)
                line.apply(list(gradients))
        if not within:
            gradients = tape.gradient(loss, values)
            line.apply(list(gradients))
        second[within] = tape.gradient(gradients[0], values[0])

    said = _warned()
    with _warnings():
        inside = losses_of(lambda line: step(line, within=True))
    losses_of(lambda line: step(line, within=False))
    return Mistake(
        "inside",
        "The step is made inside of a persistent tape",
        "with tf.GradientTape(persistent=True) as tape:\n    loss = loss_of(batch)\n"
        "    gradients = tape.gradient(loss, variables)\n"
        "    optimizer.apply(gradients, variables)",
        "with tf.GradientTape() as tape:\n    loss = loss_of(batch)\n"
        "gradients = tape.gradient(loss, variables)\noptimizer.apply(gradients, variables)",
        "The numbers come out right, but the tape goes on recording, the backward pass too: that "
        "costs time and memory, and serves only who wants second derivatives. A tape that isn't "
        "persistent stops by itself when it is asked.",
        inside,
        {
            "largest difference of losses": float(
                np.max(np.abs(np.subtract(inside, right_losses())))
            ),
            "second derivative, inside": None if second[True] is None else float(second[True]),
            "second derivative, after": None if second[False] is None else float(second[False]),
        },
        said,
        torch="loss.backward(create_graph=True) without need",
    )


@functools.cache
def _warned() -> str:
    """What TensorFlow says of it, the first five times in a process; '' where they are over."""
    line = Line()
    with _warnings() as said, tf.GradientTape(persistent=True) as tape:
        tape.gradient(line.loss(), line.w.value)
    return said[0] if said else ""


@contextlib.contextmanager
def _warnings() -> Iterator[list[str]]:
    """What TensorFlow would log meanwhile, in place of logging it."""
    said: list[str] = []

    def hear(record: logging.LogRecord) -> bool:
        said.append(f"{record.levelname}: {record.getMessage().split(' (')[0]}")
        return False

    logger = tf.get_logger()
    logger.addFilter(hear)
    try:
        yield said
    finally:
        logger.removeFilter(hear)
