# ids = ["shape.matmul_sizes"]
# says = ["has 5 units", "10 = 2 * 5"]
# advises = ["10 units"]
# healthy = [["GRUCell(5)", "GRUCell(10)"]]
"""A reader in both directions, a writer in one."""

import keras
import tensorflow as tf

reader = keras.layers.Bidirectional(keras.layers.GRU(5, return_state=True))
cell = keras.layers.GRUCell(5)
_, there, back = reader(tf.ones((3, 4, 2)))
memory = tf.concat([there, back], axis=-1)
word = tf.ones((3, 2))
out, memory = cell(word, memory)  # <- here
print(out.shape)
