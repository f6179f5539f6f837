# ids = ["viz.axes_array"]
# says = ["(3,)"]
# healthy = [["axes[i].imshow", "axes.flat[i].imshow"]]
"""Six pictures in two rows."""

import matplotlib.pyplot as plt
import numpy as np

pictures = np.random.default_rng(0).random((6, 5, 5))
figure, axes = plt.subplots(2, 3)


def fill(axes, pictures):
    for i, picture in enumerate(pictures):
        axes[i].imshow(picture)  # <- here


fill(axes, pictures)
figure.savefig("six.png")
