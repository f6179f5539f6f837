# ids = ["data.batch_unequal"]
# says = []
# healthy = [["return image, label", "return tf.image.resize(image, (16, 16)), label"]]
"""Pictures of any size in a tf.data pipeline."""

import os

import numpy as np
import tensorflow as tf

os.makedirs("set")
for number, width in enumerate((16, 16, 20, 16)):
    raw = tf.io.encode_png(np.full((16, width, 3), number * 20, np.uint8))
    tf.io.write_file(f"set/{number}.png", raw)


def read(path, label):
    image = tf.io.decode_png(tf.io.read_file(path), channels=3)
    image = tf.cast(image, tf.float32) / 255.0
    return image, label


files = sorted(tf.io.gfile.glob("set/*.png"))
dataset = tf.data.Dataset.from_tensor_slices((files, [0, 1, 0, 1]))
dataset = dataset.map(read).batch(4)
for images, labels in dataset:  # <- here
    print(images.shape, labels.numpy())
