# ids = ["numpy.truth_value_ambiguous"]
# says = ["`scores`"]
# healthy = [["if scores > 0.5:", "if (scores > 0.5).any():"]]
"""Is anything found?"""

import numpy as np


def detect(picture):
    scores = picture.reshape(4, -1).mean(axis=1)
    if scores > 0.5:  # <- here
        return int(scores.argmax())
    return None


print(detect(np.random.default_rng(0).random((8, 8))))
