# ids = ["viz.imshow_shape", "viz.imshow_shape.feature_map", "viz.imshow_shape.single", "viz.imshow_shape.flat", "viz.imshow_shape.trailing_one", "viz.imshow_shape.batch_dim", "cv2.size_mismatch", "numpy.broadcast", "numpy.broadcast_pictures"]
# says = ["`heatmap`", "`photo`"]
# healthy = [["superimposed = heatmap * 0.4 + photo", "superimposed = cv2.resize(heatmap, (32, 32))[..., None] * 0.4 + photo"]]
"""A heatmap over a photo, not yet of its size."""

import cv2
import matplotlib.pyplot as plt
import numpy as np

photo = np.random.default_rng(0).random((32, 32, 3))
heatmap = np.random.default_rng(1).random((7, 7))


def blend(heatmap, photo):
    superimposed = heatmap * 0.4 + photo  # <- here
    return superimposed / superimposed.max()


plt.imshow(blend(heatmap, photo))
plt.savefig("blend.png")
print(cv2.__name__)
