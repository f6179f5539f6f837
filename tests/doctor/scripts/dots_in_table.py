# ids = ["numpy.string_to_float"]
# says = []
# advises = ["column 2", "np.genfromtxt('rain.txt', skip_header=1)"]
# never = ["pd.to_numeric"]
# healthy = [["np.loadtxt(", "np.genfromtxt("], ["skiprows=1", "skip_header=1"]]
"""Rain by month, with a month that nobody measured."""

import numpy as np

with open("rain.txt", "w") as file:
    file.write("month rain\n1 20.5\n2 missing\n3 31.0\n")
rain = np.loadtxt("rain.txt", skiprows=1)  # <- here
print(np.nanmean(rain[:, 1]))
