"""What was explained of each input, in words."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from tfviz.explain.compiled import Facts
from tfviz.explain.picked import Picked
from tfviz.explain.target import Target, part_of
from tfviz.explain.target_detection import Detection, box_in_words
from tfviz.explain.target_function import Function
from tfviz.explain.target_region import Region
from tfviz.explain.target_similarity import Similarity
from tfviz.explain.target_sum import Sum
from tfviz.explain.targets import Contrast, Side, as_target
from tfviz.model.card import Card

SET_AGAINST_ITSELF = "the target is the very class that it is set against"


def in_words(target: Target, rows: dict[str, Any], facts: Facts, card: Card) -> tuple[str, ...]:
    """What was explained: 'tabby', 'tabby rather than lynx', 'dog in the box (1, 2, 5, 9)'.

    Args:
        target: What was asked for.
        rows: What was found of each input: units, signs, others, and what was kept.
        facts: What was settled: units and activation of the output.
        card: Knows the names of the classes.

    Returns:
        One text an input.
    """
    count = len(rows["units"])
    if isinstance(target, Function):
        return (f"function {getattr(target.function, '__name__', 'function')}",) * count
    if isinstance(target, Similarity):
        return (target.in_words,) * count
    if isinstance(target, Sum):
        return _summed(target, rows, facts, card)
    if isinstance(target, Region):
        within = in_words(as_target(target.target), rows, facts, card)
        return tuple(f"{each} {target.place}" for each in within)
    if isinstance(target, Detection):
        return tuple(
            f"{card.name_of(int(unit), facts.units)} in the box {box_in_words(box)}"
            for unit, box in zip(rows["units"], rows["kept"]["box"], strict=True)
        )
    if facts.units == 1:
        if facts.activation != "sigmoid" and not isinstance(target, Side):
            return ("the output",) * count
        names = card.class_names if len(card.class_names) == 2 else ("negative", "positive")
        return tuple(names[int(sign > 0)] for sign in rows["signs"])
    words = tuple(card.name_of(int(unit), facts.units) for unit in rows["units"])
    if isinstance(target, (Contrast, Picked)):
        rather = [
            f" rather than {card.name_of(int(unit), facts.units)}" if unit >= 0 else ""
            for unit in rows["others"]
        ]
        return tuple(f"{word}{other}" for word, other in zip(words, rather, strict=True))
    return words


def _summed(target: Sum, rows: dict[str, Any], facts: Facts, card: Card) -> tuple[str, ...]:
    """Each part by its output, with its weight where that is not 1."""
    texts = []
    for i, (output, part, weight) in enumerate(target.parts):
        ending = facts.endings[target.index_of(output, facts.endings)]
        own = part_of(target.prefix(i), rows["kept"])
        kept = part_of("kept_", own)
        own = {name: own[name] for name in ("units", "signs", "others")} | {"kept": kept}
        alone = replace(facts, units=ending.units, activation=ending.activation)
        times = "" if weight == 1 else f"{weight:g} x "
        texts.append([
            f"{times}{ending.name}: {each}" for each in in_words(part, own, alone, card)
        ])  # fmt: skip
    return tuple(" + ".join(each) for each in zip(*texts, strict=True))


def why_nothing(target: Target, rows: dict[str, Any]) -> tuple[str, ...]:
    """Why there is nothing to explain in an input; '' where there is."""
    same = (rows["others"] >= 0) & (rows["others"] == rows["units"])
    empty = np.asarray(rows["signs"]) == 0
    return tuple(
        target.nothing if nowhere else SET_AGAINST_ITSELF if against else ""
        for nowhere, against in zip(empty, same, strict=True)
    )
