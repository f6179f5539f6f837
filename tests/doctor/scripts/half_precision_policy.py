# ids = ["tf.dtype_mismatch"]
# says = ["The policy 'mixed_float16' is set"]
# advises = ["tf.cast(back, tf.float32)"]
# never = ["tf.cast(x, tf.float32)"]
# healthy = [["set_global_policy(\"mixed_float16\")", "set_global_policy(\"float32\")"]]
"""What the model gives is compared with what it was given."""

import keras
import numpy as np
import tensorflow as tf

keras.mixed_precision.set_global_policy("mixed_float16")
try:
    coder = keras.Sequential([keras.Input((6,)), keras.layers.Dense(6)])
finally:
    policy = keras.mixed_precision.dtype_policy()
noise = tf.constant(np.ones((3, 6)), tf.float32)


def difference(inputs):
    back = coder(inputs)
    return tf.reduce_mean(tf.abs(inputs - back))  # <- here


print(policy, float(difference(noise)))
