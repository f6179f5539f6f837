# ids = ["shape.broadcast"]
# says = ["17 against 16", "one entry more"]
# healthy = [["tf.zeros((1, 16, 4))", "tf.zeros((1, 17, 4))"]]
"""Places for patches, and one token in front of them."""

import tensorflow as tf

places = tf.zeros((1, 16, 4))


def embed(patches):
    start = tf.zeros((tf.shape(patches)[0], 1, 4))
    tokens = tf.concat([start, patches], axis=1)
    return tokens + places  # <- here


print(embed(tf.ones((2, 16, 4))).shape)
