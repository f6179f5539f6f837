# ids = ["pil.images_do_not_match"]
# says = ["`shade` is 40 wide and 60 high", "width and height are exchanged"]
# advises = ["Resizing would only distort it"]
# never = ["b.resize(a.size)"]
# healthy = [["np.linspace(0, 255, width * height).reshape(width, height)", "np.linspace(0, 255, width * height).reshape(height, width)"]]
"""One picture fades into another."""

import numpy as np
from PIL import Image


def gradient(width, height):
    ramp = np.linspace(0, 255, width * height).reshape(width, height)
    return Image.fromarray(ramp.astype("uint8"))


def fade(day, night):
    shade = gradient(*day.size)
    return Image.composite(day, night, shade)  # <- here


day, night = (Image.new("RGB", (60, 40), colour) for colour in ("white", "navy"))
print(fade(day, night).size)
