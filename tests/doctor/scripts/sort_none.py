# ids = ["python.none_attribute"]
# says = ["`files`", "sort"]
# healthy = [["files = os.listdir(\"set\").sort()", "files = sorted(os.listdir(\"set\"))"]]
"""Files in order."""

import os

import numpy as np

os.makedirs("set")
for name in "ba":
    np.save(f"set/{name}.npy", np.zeros(2))

files = os.listdir("set").sort()
arrays = [np.load(f"set/{name}") for name in files]  # <- here
print(len(arrays))
