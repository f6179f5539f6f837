# ids = ["cv2.imread_none"]
# says = ["download.jpg", "HTML"]
# healthy = [["Path(name).write_text(\"<!DOCTYPE html><html><body>404 not found</body></html>\")", "cv2.imwrite(name, np.zeros((9, 9, 3), np.uint8))"]]
"""The size of what was downloaded."""

from pathlib import Path

import cv2
import numpy as np


def download(name):
    # Stands for requests.get(url): the server answered with a page.
    Path(name).write_text("<!DOCTYPE html><html><body>404 not found</body></html>")
    return name


def describe(name):
    picture = cv2.imread(name)
    height, width = picture.shape[:2]  # <- here
    return f"{name}: {width} x {height}, mean {np.mean(picture):.1f}"


name = download("download.jpg")
print(describe(name))
