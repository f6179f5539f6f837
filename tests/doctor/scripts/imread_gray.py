# ids = ["cv2.imread_none"]
# says = ["photos/dog.jpeg", "does not exist", "dog.jpg"]
# healthy = [["\"dog.jpeg\"", "\"dog.jpg\""]]
"""Edges of one photo."""

from pathlib import Path

import cv2
import numpy as np

folder = Path("photos")
folder.mkdir()
cv2.imwrite(
    str(folder / "dog.jpg"), np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)
)

path = str(folder / "dog.jpeg")
img = cv2.imread(path)
gray = cv2.cvtColor(img, cv2.COLOR_BGR2GRAY)  # <- here
edges = cv2.Canny(gray, 50, 100)
print(edges.mean())
