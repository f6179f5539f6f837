# ids = ["tf.variable_created_in_function", "tf.function_reused_with_new_optimizer"]
# says = []
# healthy = [["def total(values):\n", "counter = tf.Variable(0.0)\n\n\ndef total(values):\n"], ["    counter = tf.Variable(0.0)  # <- here\n", ""], ["@tf.function\n", ""]]
"""A running sum in a compiled function."""

import tensorflow as tf


@tf.function
def total(values):
    counter = tf.Variable(0.0)  # <- here
    for value in values:
        counter.assign_add(value)
    return counter


numbers = tf.range(5, dtype=tf.float32)
print(total(numbers).numpy())
