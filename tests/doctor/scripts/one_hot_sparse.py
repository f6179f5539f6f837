# ids = ["loss.onehot_with_sparse_loss"]
# says = ["`labels`", "(30, 4)", "one-hot"]
# healthy = [["labels = keras.utils.to_categorical(classes, 4)", "labels = classes"]]
"""Four kinds of sound."""

import keras
import numpy as np

rng = np.random.default_rng(0)
classes = rng.integers(0, 4, 30)
sounds = rng.normal(size=(30, 50, 1)).astype("float32")


def network():
    model = keras.Sequential(
        [
            keras.Input((50, 1)),
            keras.layers.Conv1D(4, 5),
            keras.layers.GlobalMaxPooling1D(),
            keras.layers.Dense(4, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


labels = keras.utils.to_categorical(classes, 4)
model = network()
model.fit(sounds, labels, epochs=1, verbose=0)  # <- here
