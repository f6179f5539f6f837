# ids = ["python.format_spec"]
# says = ["`error` is (3,)", ".3f"]
# healthy = [["np.abs(a - b).mean(axis=0)", "np.abs(a - b).mean()"]]
"""A line of numbers for each epoch."""

import numpy as np


def mistake(a, b):
    return np.abs(a - b).mean(axis=0)


def line(epoch, error):
    return f"epoch {epoch}: {error:.3f}"  # <- here


rng = np.random.default_rng(0)
for epoch in range(2):
    print(line(epoch, mistake(rng.random((10, 3)), rng.random((10, 3)))))
