# ids = ["cv2.unsupported_depth", "cv2.not_contiguous", "cv2.not_an_array"]
# says = ["`view`"]
# healthy = [["view = picture[:, :, ::-1]", "view = np.ascontiguousarray(picture[:, :, ::-1])"]]
"""A box on a picture with its channels turned."""

import cv2
import numpy as np

picture = np.zeros((30, 30, 3), np.uint8)


def boxed(picture):
    view = picture[:, :, ::-1]
    cv2.rectangle(view, (2, 2), (20, 20), (255, 0, 0), 2)  # <- here
    return view


print(boxed(picture).max())
