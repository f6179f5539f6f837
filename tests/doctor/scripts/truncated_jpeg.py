# ids = ["pil.truncated"]
# says = ["b.jpg"]
# healthy = [["data[: len(data) // 2]", "data"]]
"""Photos as arrays; one was cut off while downloading."""

import numpy as np
from PIL import Image

noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)
for name in "abc":
    Image.fromarray(noise).save(f"{name}.jpg")
data = open("b.jpg", "rb").read()
open("b.jpg", "wb").write(data[: len(data) // 2])


def load(path):
    image = Image.open(path)
    return np.asarray(image.resize((16, 16)))  # <- here


stack = [load(f"{name}.jpg") for name in "abc"]
print(len(stack))
