# ids = ["shape.too_many_dims", "shape.extra_batch_dim", "shape.missing_return_sequences", "shape.missing_time_dim"]
# says = ["`x`"]
# healthy = [["x = x[None]\n", ""]]
"""One axis too many for a recurrent layer."""

import keras
import numpy as np

lstm = keras.layers.LSTM(3)
x = np.zeros((2, 5, 4), "float32")
x = x[None]
y = lstm(x)  # <- here
print(y.shape)
