# ids = ["data.ragged_array", "data.inhomogeneous_array", "data.unrecognized_type", "numpy.array_element_sequence"]
# says = ["`x`", "length"]
# healthy = [["np.array(sequences, dtype=object)", "keras.utils.pad_sequences(sequences)"]]
"""Texts as numbers, not of one length."""

import keras
import numpy as np

texts = ["good film", "a very bad film", "nice"]
vocabulary = {word: index for index, word in enumerate(sorted(set(" ".join(texts).split())), 1)}
sequences = [[vocabulary[word] for word in text.split()] for text in texts]
x = np.array(sequences, dtype=object)
y = np.array([1, 0, 1])

model = keras.Sequential(
    [
        keras.layers.Embedding(20, 4),
        keras.layers.GlobalAveragePooling1D(),
        keras.layers.Dense(1, activation="sigmoid"),
    ]
)
model.compile("adam", "binary_crossentropy")
model.fit(x, y, verbose=0)  # <- here
