# ids = ["data.inhomogeneous_array", "numpy.array_element_sequence", "data.ragged_array"]
# says = ["`windows`", "length"]
# healthy = [["range(0, len(series), 4)", "range(0, len(series) - 3, 4)"]]
"""Windows of a series, the last one shorter."""

import numpy as np

series = [float(value) for value in range(18)]


def windows_of(series, size=4):
    windows = []
    for start in range(0, len(series), 4):
        windows.append(series[start : start + size])
    return np.array(windows, dtype=np.float32)  # <- here


print(windows_of(series).mean(axis=0))
