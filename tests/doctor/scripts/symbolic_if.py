# ids = ["keras3.kerastensor_in_tf_function", "tf.symbolic_as_bool", "keras3.kerastensor_has_no_values"]
# says = ["`x`"]
# healthy = [["if keras.ops.max(x) > 1.0:", "if scale:"], ["def block(x):", "def block(x, scale=True):"]]
"""A block that looks at its values while the model is built."""

import keras


def block(x):
    if keras.ops.max(x) > 1.0:  # <- here
        x = keras.layers.Rescaling(1 / 255)(x)
    return keras.layers.Conv2D(4, 3)(x)


inputs = keras.Input((16, 16, 3))
model = keras.Model(inputs, block(inputs))
print(model.count_params())
