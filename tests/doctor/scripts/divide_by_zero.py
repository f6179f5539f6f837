# ids = ["python.division_by_zero"]
# says = ["`len(files)`", "0"]
# healthy = [["\"*.png\"", "\"*.npy\""]]
"""The mean size of files; there are none."""

from pathlib import Path

import numpy as np

np.save("a.npy", np.zeros(3))
files = list(Path(".").glob("*.png"))
total = sum(path.stat().st_size for path in files)
print("mean size", total / len(files))  # <- here
