# ids = ["pil.not_an_image"]
# says = ["set/b.png"]
# healthy = [["(folder / \"b.png\").write_bytes(b\"\")", "Image.new(\"RGB\", (8, 8)).save(folder / \"b.png\")"]]
"""The mean colour of each picture in a folder."""

from pathlib import Path

import numpy as np
from PIL import Image

folder = Path("set")
folder.mkdir()
for name in "ac":
    Image.new("RGB", (8, 8), (20, 40, 60)).save(folder / f"{name}.png")
(folder / "b.png").write_bytes(b"")


def mean_colour(path):
    with Image.open(path) as picture:  # <- here
        return np.asarray(picture.convert("RGB")).mean(axis=(0, 1))


for path in sorted(folder.iterdir()):
    print(path.name, mean_colour(path))
