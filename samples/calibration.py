"""When a classifier says 80 %, is it right in 80 % of the cases? And if not, one number mends it.

    python samples/calibration.py             # everyday10 on the test images of CIFAR-10

A network trained to a small loss is surer than it is right. Dividing its logits by one number,
the temperature, mends most of that and changes no answer: the order of the classes stays. The
temperature is the one of the smallest negative log-likelihood on images that the network was not
trained on, and must be judged on images that it was not fitted on: here on one half of the test
images for the other half, and the other way round.

Source: Guo et al., "On Calibration of Modern Neural Networks", ICML 2017.
"""

from __future__ import annotations

import argparse
import os
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np

if TYPE_CHECKING:
    import keras

BINS = 15  # as in the paper


def softmax(logits: np.ndarray) -> np.ndarray:
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    return shifted / shifted.sum(axis=1, keepdims=True)


# ---- the temperature


def fit_temperature(logits: np.ndarray, labels: np.ndarray) -> float:
    """The temperature T of the smallest negative log-likelihood of softmax(logits / T).

    In b = 1 / T the likelihood is convex, and its slope is the mean over the images of

        sum_k p_k z_k - z_label

    which rises with b through zero: halving an interval finds it to the last digit.
    """
    z = np.asarray(logits, np.float64)
    target = z[np.arange(len(z)), labels].mean()
    low, high = 1e-3, 1e3
    while high / low > 1 + 1e-12:
        b = np.sqrt(low * high)
        slope = (softmax(b * z) * z).sum(axis=1).mean() - target
        low, high = (low, b) if slope > 0 else (b, high)
    return 1 / high


def fold_temperature(layer: keras.layers.Dense, temperature: float) -> None:
    """Divide what a dense layer puts out by the temperature, in its weights."""
    layer.set_weights([weight / np.float32(temperature) for weight in layer.get_weights()])


# ---- how far off the probabilities are


def reliability(
    probabilities: np.ndarray, labels: np.ndarray, *, equal_mass: bool = False
) -> list[tuple[int, float, float]]:
    """(images, mean confidence, accuracy) of each bin of the confidence that holds any.

    Args:
        probabilities: (n, classes); the confidence is the highest of a row.
        labels: (n,) class indices.
        equal_mass: Bins of equally many images rather than of equal width in 0..1.
    """
    sure = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labels
    if equal_mass:
        groups = np.array_split(np.argsort(sure, kind="stable"), BINS)
    else:
        # Bin i holds confidences over i / BINS, up to and with (i + 1) / BINS.
        which = np.ceil(sure * BINS).astype(int) - 1
        groups = [np.flatnonzero(which == i) for i in range(BINS)]
    return [(len(g), float(sure[g].mean()), float(right[g].mean())) for g in groups if len(g)]


@dataclass(frozen=True)
class Errors:
    """How far probabilities are from the truth; all of them are better when smaller."""

    ece: float
    """Expected calibration error: |confidence - accuracy|, averaged over the images, by bins."""
    ece_equal_mass: float
    """The same in bins of equally many images."""
    overconfidence: float
    """Mean confidence minus accuracy; below zero where the network is too modest."""
    nll: float
    """Negative log-likelihood of the label, in nats."""
    brier: float
    """Squared distance of the probabilities from the label, summed over the classes."""


def errors(probabilities: np.ndarray, labels: np.ndarray) -> Errors:
    """All of the above, on probabilities (n, classes) and labels (n,)."""

    def gap(bins: list[tuple[int, float, float]]) -> float:
        return sum(n * abs(sure - right) for n, sure, right in bins) / len(labels)

    equal_width = reliability(probabilities, labels)
    of_label = probabilities[np.arange(len(labels)), labels]
    return Errors(
        ece=gap(equal_width),
        ece_equal_mass=gap(reliability(probabilities, labels, equal_mass=True)),
        overconfidence=sum(n * (sure - right) for n, sure, right in equal_width) / len(labels),
        nll=float(-np.log(np.maximum(of_label, 1e-300)).mean()),
        brier=float(((probabilities**2).sum(axis=1) - 2 * of_label + 1).mean()),
    )


def average(found: list[Errors]) -> Errors:
    """The mean of each figure."""
    names = [each.name for each in fields(Errors)]
    return Errors(*(float(np.mean([getattr(each, name) for each in found])) for name in names))


# ---- judged where it was not fitted


@dataclass(frozen=True)
class Calibration:
    """What one temperature does to a classifier."""

    temperature: float
    """Fitted on all images: the one to use."""
    of_halves: tuple[float, float]
    """Fitted on either half alone."""
    before: Errors
    """Mean over the two halves, of the logits as they are."""
    after: Errors
    """The same, each half with the temperature of the other."""
    perfect: Errors
    """The same, were each label drawn from the calibrated probabilities: what chance leaves."""
    probabilities: np.ndarray
    """(n, classes): each image's, with the temperature that was fitted without it."""


def calibrate(logits: np.ndarray, labels: np.ndarray, seed: int = 0) -> Calibration:
    """Fit a temperature, and say what it is worth on images that it was not fitted on."""
    logits = np.asarray(logits, np.float64)
    random = np.random.default_rng(seed)
    halves = np.array_split(random.permutation(len(labels)), 2)
    fitted = [fit_temperature(logits[half], labels[half]) for half in halves]
    calibrated = np.empty_like(logits)
    before, after, perfect = [], [], []
    for half, temperature in zip(halves, reversed(fitted), strict=True):
        calibrated[half] = p = softmax(logits[half] / temperature)
        before.append(errors(softmax(logits[half]), labels[half]))
        after.append(errors(p, labels[half]))
        for _ in range(20):
            drawn = (p.cumsum(axis=1) < random.random((len(p), 1))).sum(axis=1)
            perfect.append(errors(p, np.minimum(drawn, p.shape[1] - 1)))
    return Calibration(
        temperature=fit_temperature(logits, labels),
        of_halves=(fitted[0], fitted[1]),
        before=average(before),
        after=average(after),
        perfect=average(perfect),
        probabilities=calibrated,
    )


def error_rows(found: Calibration) -> list[tuple[str, str, str, str]]:
    """(figure, before, after, what chance leaves), as text."""
    columns = (found.before, found.after, found.perfect)
    names = {
        "ece": f"expected calibration error, {BINS} bins of equal width",
        "ece_equal_mass": f"expected calibration error, {BINS} bins of equally many images",
        "overconfidence": "mean confidence minus accuracy",
        "nll": "negative log-likelihood",
        "brier": "Brier score (sum over the classes)",
    }
    rows = []
    for field, name in names.items():
        style = ".4f" if field in ("nll", "brier") else ".2%"
        values = (f"{getattr(each, field):{style}}" for each in columns)
        rows.append((name, *values))
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="everyday10", help="a .keras file of the same kind")
    parser.add_argument("--data", help="folder with test.tfrecord; see cifar10.py")
    parser.add_argument("--out", help="not used: the figures are printed")
    parser.add_argument("--quick", action="store_true", help="1,000 images")
    arguments = parser.parse_args()

    import cifar10
    import keras

    import tfviz

    images, labels = cifar10.load_split(cifar10.find_data(arguments.data), "test")
    if arguments.quick:
        images, labels = images[:1000], labels[:1000]
    model = tfviz.load_model(arguments.model)
    to_logits = keras.Model(model.inputs, model.get_layer("logits").output)
    logits = to_logits.predict(images.astype("float32"), batch_size=500, verbose=0)
    found = calibrate(logits, labels)
    first, second = found.of_halves
    print(f"temperature {found.temperature:.3f} (of the two halves: {first:.3f}, {second:.3f})")
    print(f"{'':58}{'as it is':>9}{'with it':>9}{'chance':>9}")
    for name, *values in error_rows(found):
        print(f"{name:58}" + "".join(f"{value:>9}" for value in values))
    print("\nconfidence  accuracy  images, with it")
    for n, sure, right in reliability(found.probabilities, labels):
        print(f"{sure:10.1%}{right:10.1%}{n:8}")


if __name__ == "__main__":
    main()
