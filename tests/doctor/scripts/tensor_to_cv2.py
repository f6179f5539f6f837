# ids = ["cv2.not_an_array"]
# says = ["`frame`", "tensor"]
# healthy = [["frame = tf.cast(tensor * 255.0, tf.uint8)", "frame = tf.cast(tensor * 255.0, tf.uint8).numpy()"]]
"""Frames made by a model, written by OpenCV."""

import cv2
import tensorflow as tf

model = tf.keras.Sequential(
    [
        tf.keras.Input((8,)),
        tf.keras.layers.Dense(12 * 12 * 3, activation="sigmoid"),
        tf.keras.layers.Reshape((12, 12, 3)),
    ]
)
codes = tf.random.normal((2, 8), seed=3)


def export(tensor, name):
    frame = tf.cast(tensor * 255.0, tf.uint8)
    large = cv2.resize(frame, (48, 48))  # <- here
    cv2.imwrite(name, large)


for number, picture in enumerate(model(codes)):
    export(picture, f"frame_{number}.png")
