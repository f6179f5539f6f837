"""Targets of segmentations, detectors and embeddings in float64 NumPy, one input at a time.

Slow and obviously right: masks are spread over so fine a grid that every place of either size is a
whole number of its cells, the best prediction is found by a loop.
"""

from __future__ import annotations

import math

import numpy as np


def mask_on(mask, places):
    """The mean of a mask over each of `places`, which may be of another size."""
    fine = np.asarray(mask, np.float64)
    for axis, count in enumerate(places):
        least = math.lcm(fine.shape[axis], count)
        fine = np.repeat(fine, least // fine.shape[axis], axis=axis)
    found = np.zeros(places)
    for place in np.ndindex(*places):
        steps = [size // count for size, count in zip(fine.shape, places, strict=True)]
        cells = tuple(slice(i * s, (i + 1) * s) for i, s in zip(place, steps, strict=True))
        found[place] = fine[cells].mean()
    return found


def box_on(box, size, places):
    """The part of each of `places` within a box of whole pixels of an image of this size."""
    left, top, right, bottom = box
    mask = np.zeros(size)
    mask[top:bottom, left:right] = 1
    return mask_on(mask, places)


def predicted(logits, unit, sigmoid=False):
    """Where a class is predicted: (*places) of 0 and 1."""
    found = np.zeros(logits.shape[:-1])
    for place in np.ndindex(*found.shape):
        if sigmoid or logits.shape[-1] == 1:
            found[place] = logits[place][unit] > 0
        else:
            found[place] = logits[place].argmax() == unit
    return found


def region_score(logits, weights, unit):
    """Vinogradova et al. 2020, equation 3, over the size of the region."""
    total = 0.0
    for place in np.ndindex(*weights.shape):
        total += weights[place] * logits[place][unit]
    return total / weights.sum()


def iou(a, b):
    """Intersection over union of two boxes: left, top, right, bottom."""
    across = max(0.0, min(a[2], b[2]) - max(a[0], b[0]))
    down = max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
    both = across * down
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (a, b)]
    return both / (areas[0] + areas[1] - both)


def best_prediction(boxes, probabilities, box=None, unit=None):
    """The prediction and class with the largest overlap times probability."""
    best, found = -1.0, (-1, -1)
    for n, each in enumerate(boxes):
        for c, probability in enumerate(probabilities[n]):
            fit = probability * (1.0 if box is None else iou(each, box))
            if (unit is None or unit == c) and fit > best:
                best, found = fit, (n, c)
    return found


def cosine(embedding, reference):
    """The cosine of the angle between two vectors."""
    return embedding @ reference / math.sqrt(embedding @ embedding) / math.sqrt(
        reference @ reference
    )  # fmt: skip


def dot(embedding, reference):
    """The dot product."""
    return embedding @ reference


def distance(embedding, reference):
    """The negative distance."""
    return -math.sqrt(((embedding - reference) ** 2).sum())
