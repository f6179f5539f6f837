# ids = ["python.none_attribute", "data.generator", "python.wrong_kind"]
# says = ["`augment`"]
# healthy = [["        image[:, ::-1]\n", "        return image[:, ::-1]\n"]]
"""An augmentation that gives nothing back."""

import numpy as np

rng = np.random.default_rng(0)


def augment(image):
    if rng.random() < 2:
        image[:, ::-1]


def batch(images):
    done = []
    for image in images:
        flipped = augment(image)
        done.append(flipped.astype("float32"))  # <- here
    return np.stack(done)


print(batch(rng.random((3, 4, 4))).shape)
