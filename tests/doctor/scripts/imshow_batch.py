# ids = ["viz.imshow_shape.batch_dim"]
# says = ["`picture`", "(1, 20, 20, 3)"]
# healthy = [["picture = batch[:1]", "picture = batch[0]"]]
"""What the augmentation did to one picture."""

import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf

images = np.random.default_rng(0).random((16, 20, 20, 3)).astype("float32")
flip = tf.keras.layers.RandomFlip("horizontal", seed=1)


def show(picture, title):
    plt.figure(figsize=(2, 2))
    plt.imshow(picture)  # <- here
    plt.title(title)
    plt.savefig(f"{title}.png")


for batch in tf.data.Dataset.from_tensor_slices(images).batch(8):
    picture = batch[:1]
    show(flip(picture), "flipped")
