# ids = ["keras3.import_moved.np_utils", "keras3.import_moved"]
# says = []
# healthy = [["from keras.utils import np_utils", "from keras import utils as np_utils"]]
"""One-hot labels with an import of old."""

import numpy as np
from keras.utils import np_utils  # <- here

labels = np.arange(6) % 3
print(np_utils.to_categorical(labels).shape)
