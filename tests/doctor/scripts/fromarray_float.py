# ids = ["pil.fromarray"]
# says = ["`picture`", "float32", "(10, 14, 3)"]
# healthy = [["Image.fromarray(picture)", "Image.fromarray((255 * picture).astype(\"uint8\"))"]]
"""Save what a network made."""

import numpy as np
from PIL import Image


def generate(seed):
    rng = np.random.default_rng(seed)
    return rng.random((10, 14, 3), dtype=np.float32)


def save(picture, name):
    Image.fromarray(picture).save(name)  # <- here


for seed in range(2):
    save(generate(seed), f"sample_{seed}.png")
