"""A map that a network without training would show too explains nothing it has learnt.

Source: Adebayo et al., "Sanity Checks for Saliency Maps", 2018, in its strictest form: all weights
drawn anew at once.
"""

from __future__ import annotations

import keras
import numpy as np
import pytest

import tfviz
from tfviz.explain.family import FAMILY, METHODS

# Methods that run the model hundreds of times see fewer photos.
PHOTOS, FEW_PHOTOS = 24, 6
# Of maps without any relation the mean over so many photos is hardly farther from 0 than this.
UNRELATED, UNRELATED_IN_FEW = 0.2, 0.35
# What only adds up, or looks at activations alone, follows the picture's contrast in any network.
FOLLOWS_THE_PICTURE = {
    "gradcam++", "smoothgradcam++", "elementwise", "layercam", "refinecam", "eigencam", "fem",
    "scorecam", "fasterscorecam", "sscam", "iscam",
}  # fmt: skip
NOT_UNRELATED = 0.45


def ranks(heat):
    """Ranks of the values of a map, of equal ones their mean."""
    _, place, count = np.unique(heat, return_inverse=True, return_counts=True)
    return (np.cumsum(count) - (count - 1) / 2)[place.ravel()]


@pytest.fixture(scope="module")
def networks(shared):
    """A trained network, one of the same architecture that isn't, inputs and what is said."""
    trained = tfviz.load_model("everyday10")
    keras.utils.set_random_seed(1)
    random = keras.models.clone_model(trained)
    files = sorted((shared / "imagenet").rglob("*.*"))
    photos = [path for path in files if path.suffix.lower() in (".jpg", ".jpeg")][:PHOTOS]
    inputs = tfviz.preprocess(trained, [tfviz.read_rgb(each) for each in photos])
    return trained, random, inputs, trained(inputs).numpy().argmax(axis=1).tolist()


@pytest.mark.slow
@pytest.mark.parametrize("name", [n for n, e in FAMILY.items() if "attention" not in e.needs])
def test_maps_of_a_randomised_network_are_others(networks, name):
    *models, inputs, says = networks
    few = "K" in FAMILY[name].cost
    count = FEW_PHOTOS if few else PHOTOS
    found = [
        METHODS[name](model, relu=False)(inputs[:count], says[:count]).maps for model in models
    ]
    pairs = [[ranks(heat) for heat in pair] for pair in zip(*found, strict=True)]
    mean = np.nanmean([np.corrcoef(*pair)[0, 1] for pair in pairs])
    limit = UNRELATED_IN_FEW if few else UNRELATED
    assert abs(mean) < (NOT_UNRELATED if name in FOLLOWS_THE_PICTURE else limit)
