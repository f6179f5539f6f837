# ids = ["shape.missing_batch_dim", "shape.sample_without_batch"]
# says = ["`array`", "batch axis"]
# healthy = [["model.predict(array,", "model.predict(array[None],"]]
"""One photo through MobileNet."""

import keras
import numpy as np
from PIL import Image

Image.fromarray(np.zeros((50, 40, 3), np.uint8)).save("photo.jpg")
model = keras.applications.MobileNetV2(weights=None, input_shape=(64, 64, 3), alpha=0.35)


def classify(path):
    photo = keras.utils.load_img(path, target_size=(64, 64))
    array = keras.utils.img_to_array(photo)
    array = keras.applications.mobilenet_v2.preprocess_input(array)
    scores = model.predict(array, verbose=0)  # <- here
    return scores.argmax()


print(classify("photo.jpg"))
