# ids = ["train.loss_nan", "train.check_numerics", "data.contains_nan"]
# says = ["`x`", "3 NaN", "column 1"]
# healthy = [["x[::10, 1] = np.nan", "x[::10, 1] = 0.5"]]
"""A training that stops at NaN."""

import keras
import numpy as np

rng = np.random.default_rng(0)
x = rng.random((30, 4)).astype("float32")
x[::10, 1] = np.nan
y = rng.random((30, 1)).astype("float32")

model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(8), keras.layers.Dense(1)])
model.compile(optimizer="adam", loss="mse")
stop = keras.callbacks.TerminateOnNaN()
history = model.fit(x, y, epochs=3, callbacks=[stop], verbose=0)
losses = history.history["loss"]
if not np.isfinite(losses).all():
    raise ValueError(f"loss is nan: {losses}")  # <- here
print(losses)
