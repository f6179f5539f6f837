# ids = ["data.empty_list_concatenate"]
# says = ["`pictures`", "empty"]
# healthy = [["folder.glob(\"*.png\")", "folder.glob(\"*.npy\")"]]
"""All pictures of a folder, stacked."""

from pathlib import Path

import numpy as np

folder = Path("train")
folder.mkdir()
for number in range(3):
    np.save(folder / f"{number}.npy", np.zeros((4, 4, 3)))


def load(folder):
    pictures = []
    for path in sorted(folder.glob("*.png")):
        pictures.append(np.load(path))
    return np.stack(pictures)  # <- here


print(load(folder).shape)
