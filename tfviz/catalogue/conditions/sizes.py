"""Conditions on the sizes of batches, pictures and inputs that a message names."""

from __future__ import annotations

import re

from tfviz.catalogue.conditions.registry import numbers, predicate
from tfviz.catalogue.conditions.shape_text import product, shape_of
from tfviz.catalogue.report import ErrorBlock, Report


@predicate
def batch_differs(report: Report, block: ErrorBlock | None, match: re.Match[str]) -> bool:
    """Two shapes that differ in their first axis only: the last batch is smaller."""
    one, other = shape_of(match["a"]) or (), shape_of(match["b"]) or ()
    if len(one) != len(other) or not one or one[1:] != other[1:]:
        return False
    first = {one[0], other[0]}
    low, high = min(one[0] or 1, other[0] or 1), max(one[0] or 1, other[0] or 1)
    if len(one) == 1 and high % low == 0:
        return False  # a factor: channels or classes, flattened
    return len(first) == 2 and 1 not in first and None not in first


@predicate
def batch_same(report: Report, block: ErrorBlock | None, match: re.Match[str]) -> bool:
    """Two shapes that differ in more than their first axis."""
    return not batch_differs(report, block, match)


@predicate
def colour_for_gray(report: Report, block: ErrorBlock | None, match: re.Match[str]) -> bool:
    """Three times, or a third of, the numbers that the new shape holds."""
    size, wanted = int(match["size"]), product(shape_of(match["shape"]) or ())
    return wanted > 0 and (size == 3 * wanted or wanted == 3 * size)


@predicate
def not_colour_for_gray(report: Report, block: ErrorBlock | None, match: re.Match[str]) -> bool:
    """Any other number of numbers."""
    return not colour_for_gray(report, block, match)


@predicate
def sizes_repeat(report: Report, block: ErrorBlock | None, match: re.Match[str]) -> bool:
    """'x sizes: 784, 784, 784 ...': a list of samples where a list of inputs is meant."""
    sizes = numbers(match["x"])
    return len(sizes) >= 3 and len(set(sizes)) == 1


@predicate
def several_inputs(report: Report, block: ErrorBlock | None, match: re.Match[str]) -> bool:
    """A few inputs of unequal length."""
    sizes = numbers(match["x"])
    return len(sizes) >= 2 and not sizes_repeat(report, block, match)


@predicate
def one_input(report: Report, block: ErrorBlock | None, match: re.Match[str]) -> bool:
    """One array of x, one of y."""
    return len(numbers(match["x"])) <= 1


@predicate
def pictures_of_two_sizes(report: Report, block: ErrorBlock | None, match: re.Match[str]) -> bool:
    """Shapes of two pictures, or of a picture and a heatmap."""
    one, other = shape_of(match["a"]) or (), shape_of(match["b"]) or ()
    longer, shorter = (one, other) if len(one) >= len(other) else (other, one)
    if len(longer) < 2 or len(shorter) < 2 or None in (*one, *other):
        return False
    large, small = [size or 0 for size in longer], [size or 0 for size in shorter]
    colour = len(large) == 3 and large[-1] in (3, 4) and min(large[:2]) >= 7
    return colour and min(small[:2]) >= 4 and large[:2] != small[:2]


@predicate
def not_two_pictures(report: Report, block: ErrorBlock | None, match: re.Match[str]) -> bool:
    """Any other two shapes."""
    return not pictures_of_two_sizes(report, block, match)


@predicate
def channels_first_maps(report: Report, block: ErrorBlock | None, match: re.Match[str]) -> bool:
    """(batch, 1 or 3, n, n): pictures with their channels in front."""
    shape = shape_of(match["have"]) or ()
    return len(shape) == 4 and shape[1] in (1, 3) and shape[2] == shape[3] and (shape[2] or 0) >= 8


@predicate
def not_channels_first_maps(report: Report, block: ErrorBlock | None, match: re.Match[str]) -> bool:
    """Any other shape."""
    return not channels_first_maps(report, block, match)


@predicate
def flat_maps(report: Report, block: ErrorBlock | None, match: re.Match[str]) -> bool:
    """(batch, 1 to 3, wide, n): a few pixels high and many wide, which pictures are not."""
    shape = shape_of(match["have"]) or ()
    return len(shape) == 4 and 1 <= (shape[1] or 0) <= 3 and (shape[2] or 0) >= 16 * (shape[1] or 0)


@predicate
def no_error_stands(report: Report, block: ErrorBlock | None, match: re.Match[str]) -> bool:
    """Nothing was raised but what stopping by hand raises."""
    return all(each.name in ("KeyboardInterrupt", "SystemExit") for each in report.errors)
