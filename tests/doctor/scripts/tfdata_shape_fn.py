# ids = ["shape.broadcast", "shape.concatenate_mismatch", "data.batch_unequal"]
# says = ["axis"]
# healthy = [["tf.ones((9, 9, 1))", "tf.ones((8, 8, 1))"]]
"""Images with a mask as a fourth channel."""

import tensorflow as tf

images = tf.zeros((4, 8, 8, 3))
mask = tf.ones((9, 9, 1))


def add_mask(image):
    return tf.concat([image, mask], axis=-1)  # <- here


dataset = tf.data.Dataset.from_tensor_slices(images).map(add_mask).batch(2)
for batch in dataset:
    print(batch.shape)
