# ids = ["cv2.wrong_channels"]
# says = ["`page`", "(50, 40)"]
# healthy = [["cv2.imread(\"page.png\", cv2.IMREAD_GRAYSCALE)", "cv2.imread(\"page.png\")"]]
"""Black and white of a page."""

import cv2
import numpy as np

cv2.imwrite("page.png", np.full((50, 40, 3), 200, np.uint8))


def threshold(page):
    gray = cv2.cvtColor(page, cv2.COLOR_BGR2GRAY)  # <- here
    _, black = cv2.threshold(gray, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    return black


page = cv2.imread("page.png", cv2.IMREAD_GRAYSCALE)
print(threshold(page).shape)
