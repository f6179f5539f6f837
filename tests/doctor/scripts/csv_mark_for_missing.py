# ids = ["numpy.string_to_float"]
# says = ["`rows[3]`", "entry 3 of 6", "'-'"]
# advises = ["float('nan')"]
# never = ["pd.to_numeric", "doesn't exist"]
# healthy = [["\"4;-;2\"", "\"4;1.5;2\""]]
"""The mean of a column, without any package for tables."""

import csv

lines = ["day;rain;wind", "1;0.2;3", "2;0;5", "3;1.1;4", "4;-;2", "5;0.3;6", "6;0;1"]


def column(rows, key):
    values = []
    for row in rows:
        values.append(float(row[key]))  # <- here
    return values


table = list(csv.DictReader(lines, delimiter=";"))
rain = column(table, "rain")
print(sum(rain) / len(rain))
