# ids = ["keras.backend_attr_removed"]
# says = []
# healthy = [["K.mean(K.square(", "K.ops_mean(("], ["from keras import backend as K", "import types\n\nK = types.SimpleNamespace(ops_mean=lambda x: keras.ops.mean(x * x), epsilon=keras.backend.epsilon)"]]
"""A loss of our own with the old backend functions."""

import keras
import numpy as np
from keras import backend as K


def rmse(y_true, y_pred):
    return K.mean(K.square(y_true - y_pred)) + K.epsilon()  # <- here


model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
model.compile(optimizer="sgd", loss=rmse)
model.fit(np.ones((4, 2)), np.ones((4, 1)), verbose=0)
