"""The metrics of maps in float64 Python, pixel by pixel, straight from the papers' sentences."""

from __future__ import annotations

import math

import numpy as np


def pointing_hit(heat, inside):
    """Zhang et al. 2016: a hit when the maximum lies on the object; ties share it."""
    best, hits, ties = -math.inf, 0, 0
    for i in range(len(heat)):
        for j in range(len(heat[0])):
            value = float(heat[i][j])
            if math.isnan(value):
                continue
            if value > best:
                best, hits, ties = value, 0, 0
            if value == best:
                ties += 1
                hits += 1 if inside[i][j] else 0
    return hits / ties


def energy_in_box(heat, inside):
    """Wang et al. 2020: the proportion of the map's energy that falls into the box."""
    within, total = 0.0, 0.0
    for i in range(len(heat)):
        for j in range(len(heat[0])):
            value = float(heat[i][j])
            if math.isnan(value) or value <= 0:
                continue
            total += value
            if inside[i][j]:
                within += value
    return within / total if total else 0.0


def seen_through(inputs, maps, baseline):
    """Chattopadhyay et al. 2018: the point-wise product of the input and its map, from black."""
    found = np.zeros(inputs.shape)
    for n in range(len(inputs)):
        highest = max(float(value) for row in maps[n] for value in row)
        for i, j, c in np.ndindex(inputs.shape[1:]):
            part = max(float(maps[n, i, j]), 0.0) / highest if highest > 0 else 0.0
            found[n, i, j, c] = baseline + (inputs[n, i, j, c] - baseline) * part
    return found


def average_drop(before, after):
    """Chattopadhyay et al. 2018: sum of max(0, Y - O) / Y over the images, by N, times 100."""
    total = 0.0
    for y, o in zip(before, after, strict=True):
        total += max(0.0, y - o) / y
    return 100 * total / len(before)


def increase_in_confidence(before, after):
    """Chattopadhyay et al. 2018: in how many images the confidence rose, by N, times 100."""
    risen = 0
    for y, o in zip(before, after, strict=True):
        if y < o:
            risen += 1
    return 100 * risen / len(before)
