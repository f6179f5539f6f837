# ids = ["fs.file_missing"]
# says = ["labels/b.txt"]
# healthy = [["(\"a\", \"b\", \"c\")):  # names", "(\"a\", \"c\")):  # names"]]
"""Labels in text files, read inside tf.data."""

import os

import tensorflow as tf

os.makedirs("labels")
for name in ("a", "c"):
    with open(f"labels/{name}.txt", "w") as file:
        file.write("3")

paths = []
for index, name in enumerate(("a", "b", "c")):  # names
    paths.append(f"labels/{name}.txt")


def parse(path):
    return tf.strings.to_number(tf.io.read_file(path), tf.int32)


values = tf.data.Dataset.from_tensor_slices(paths).map(parse)
print(sum(int(value) for value in values))  # <- here
