# ids = ["cv2.imread_none", "viz.imshow_dtype_object"]
# says = ["scan/left.png", "does not exist"]
# healthy = [["\"scan/left.png\"", "\"scans/left.png\""]]
"""Two scans side by side."""

import os

import cv2
import matplotlib.pyplot as plt
import numpy as np

os.makedirs("scans")
for side in ("left", "right"):
    cv2.imwrite(f"scans/{side}.png", np.zeros((10, 10), np.uint8))

left = cv2.imread("scan/left.png", cv2.IMREAD_GRAYSCALE)
right = cv2.imread("scans/right.png", cv2.IMREAD_GRAYSCALE)

figure, (one, two) = plt.subplots(1, 2)
two.imshow(right, cmap="gray")
one.imshow(left, cmap="gray")  # <- here
figure.savefig("both.png")
