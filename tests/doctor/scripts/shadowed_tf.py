# ids = ["python.shadowed_builtin"]
# says = ["`tf`"]
# healthy = [["tf = [term / len(words) for term in counts]", "frequency = [term / len(words) for term in counts]"], ["print(sum(tf))", "print(sum(frequency))"]]
"""Term frequencies, and then TensorFlow."""

import numpy as np
import tensorflow as tf

words = "a cat is a cat".split()
counts = [words.count(word) for word in sorted(set(words))]
tf = [term / len(words) for term in counts]
print(sum(tf))


def embed(values):
    tensor = tf.constant(values)  # <- here
    return tensor / np.float32(2.0)


print(embed([1.0, 2.0]).shape)
