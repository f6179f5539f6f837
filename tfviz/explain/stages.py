"""Several layers by themselves: the last of each size that a network works in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import tensorflow as tf

from tfviz.errors import LayerError
from tfviz.explain.plan import Listened, Plan, settle
from tfviz.model.choice import layout, spatial_shape


def settle_stages(
    model: Any, listened: Listened, scores: Sequence[tf.Tensor], count: int
) -> tuple[Plan, ...]:
    """Take the last layer of each size, as a convolutional network has a handful of sizes.

    Args:
        model: The model that was listened to.
        listened: From `listen`.
        scores: What is explained, the parts of a sum each; symbolic.
        count: How many layers at most, those nearest to the score.

    Returns:
        At least two plans, the finest map first.

    Raises:
        LayerError: When all maps have one size.
    """
    last = settle(model, listened, None, scores)
    heard = listened.hearing.heard
    by_path = {each.path: each for each in heard}
    of_size: dict[tuple[int | None, ...], str] = {}
    for candidate in last.choice.candidates:
        each = by_path[candidate.path]
        size = spatial_shape(each, layout(heard, each))
        of_size.pop(size, None)
        of_size[size] = candidate.path
    # What is chosen by itself is the last of its own size, where the score reads single tokens.
    of_size[spatial_shape(last.calls[-1], last.layouts[-1])] = last.choice.path
    paths = list(of_size.values())[-count:]
    if len(paths) < 2:
        raise LayerError(
            f"Several layers are joined here, and all maps of model '{model.name}' have one size: "
            f"name the layers, as in layer=['{paths[0]}', ...] (`tfviz layers` lists them)."
        )
    plans = (settle(model, listened, path, scores) for path in paths)
    reason = "the last layer of its size"
    return tuple(replace(plan, choice=replace(plan.choice, reason=reason)) for plan in plans)
