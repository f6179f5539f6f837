# ids = ["data.empty_list_concatenate"]
# says = ["'*.CSV'", "4 files .csv"]
# healthy = [["suffix=\"*.CSV\"", "suffix=\"*.csv\""]]
"""All tables of a folder below each other."""

import pathlib

import numpy as np

folder = pathlib.Path("runs")
folder.mkdir()
for i in range(4):
    np.savetxt(folder / f"run{i}.csv", np.eye(3) * i, delimiter=",")


def tables(where, suffix="*.CSV"):
    read = []
    for path in sorted(where.glob(suffix)):
        read.append(np.loadtxt(path, delimiter=","))
    return read


def joined(parts):
    return np.concatenate(parts)  # <- here


print(joined(tables(folder)).shape)
