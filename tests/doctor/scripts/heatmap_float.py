# ids = ["cv2.colormap_float"]
# says = ["`heatmap`", "float32"]
# healthy = [["cv2.applyColorMap(heatmap, cv2.COLORMAP_JET)", "cv2.applyColorMap(np.uint8(255 * heatmap), cv2.COLORMAP_JET)"]]
"""A heatmap over a photo."""

import cv2
import numpy as np

rng = np.random.default_rng(0)
photo = rng.integers(0, 255, (64, 64, 3), np.uint8)
activations = rng.random((8, 8, 16)).astype("float32")
weights = rng.random(16).astype("float32")


def make_heatmap(activations, weights):
    heatmap = np.maximum((activations * weights).sum(axis=-1), 0)
    return heatmap / heatmap.max()


def overlay(photo, heatmap, alpha=0.4):
    heatmap = cv2.resize(heatmap, photo.shape[1::-1])
    coloured = cv2.applyColorMap(heatmap, cv2.COLORMAP_JET)  # <- here
    return cv2.addWeighted(photo, 1 - alpha, coloured, alpha, 0)


result = overlay(photo, make_heatmap(activations, weights))
print(result.shape)
