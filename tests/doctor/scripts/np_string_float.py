# ids = ["numpy.string_to_float"]
# says = ["'n/a'", "row 2"]
# healthy = [["\"3,n/a\\n\"", "\"3,7.5\\n\""]]
"""A table in a text file, read by hand."""

import csv

import numpy as np

with open("table.csv", "w") as file:
    file.write("1,2.5\n" + "2,3.5\n" + "3,n/a\n")


def read(path):
    with open(path) as file:
        return [row for row in csv.reader(file)]


rows = read("table.csv")
data = np.array(rows, dtype="float32")  # <- here
print(data.mean(axis=0))
