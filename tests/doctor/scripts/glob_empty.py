# ids = ["data.empty_list_concatenate"]
# says = ["`frames`", "`files`"]
# healthy = [["*.jpg", "*.png"]]
"""A stack of frames for a video model."""

import glob
import os

import cv2
import numpy as np

ROOT = "frames"


def prepare():
    os.makedirs(ROOT, exist_ok=True)
    for index in range(4):
        cv2.imwrite(f"{ROOT}/{index:03d}.png", np.zeros((8, 8, 3), np.uint8))


def load_clip(root):
    files = sorted(glob.glob(os.path.join(root, "*.jpg")))
    frames = []
    for file in files:
        frame = cv2.imread(file)
        frames.append(frame[None])
    return np.concatenate(frames, axis=0)  # <- here


prepare()
clip = load_clip(ROOT)
print(clip.shape)
