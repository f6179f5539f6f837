# ids = ["viz.imshow_shape.scalar"]
# says = ["`heatmap`", "()"]
# healthy = [["tf.reduce_mean(maps)", "tf.reduce_mean(maps, axis=-1)"]]
"""The mean map of a layer."""

import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf

maps = tf.constant(np.random.default_rng(0).random((7, 7, 16)))


def draw(maps, name):
    heatmap = tf.reduce_mean(maps)
    plt.imshow(heatmap)  # <- here
    plt.axis("off")
    plt.savefig(name)


draw(maps, "mean.png")
