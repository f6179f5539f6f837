"""Cross-entropy from probabilities and from logits: pictures, pages, and one training each.

    python samples/learn_losses.py                      # pictures and pages in losses/
    python samples/learn_losses.py --quick              # fewer pictures

The same tiny model is started badly wrong and very sure of itself, as happens with unscaled inputs.
With probabilities that are clipped it can't recover: below 1e-7 there is no gradient. With logits
it can.
"""

from __future__ import annotations

import argparse
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np

from tfviz.learn.losses.lesson import loss, stability


def trained(*, from_logits: bool) -> tuple[float, float]:
    """Accuracy before and after training from a bad start."""
    keras.utils.set_random_seed(0)
    random = np.random.default_rng(0)
    x = random.normal(size=(512, 1)).astype("float32")
    x = np.sign(x) * (np.abs(x) + 1)
    y = (x > 0).astype("float32")
    inputs = keras.Input((1,))
    logits = keras.layers.Dense(1, kernel_initializer=keras.initializers.Constant(-40.0))(inputs)
    outputs = logits
    if not from_logits:
        # Any operation hides the sigmoid from the loss, which would look behind it otherwise.
        outputs = keras.layers.Reshape((1,))(keras.layers.Activation("sigmoid")(logits))
    model = keras.Model(inputs, outputs)
    model.compile(
        keras.optimizers.SGD(1.0), keras.losses.BinaryCrossentropy(from_logits=from_logits)
    )

    def accuracy() -> float:
        answered = model.predict(x, verbose=0) > (0 if from_logits else 0.5)
        return float((answered == (y > 0.5)).mean())

    before = accuracy()
    model.fit(x, y, epochs=5, batch_size=32, verbose=0)
    return before, accuracy()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", default="losses", help="pictures, pages and numbers go here")
    parser.add_argument("--quick", action="store_true", help="fewer pictures")
    arguments = parser.parse_args()

    binary = loss("binary_crossentropy")
    print(binary, "\n")
    binary.save(arguments.out, ("png", "html", "json"))
    forms = stability("binary_crossentropy")
    print(forms, "\n")
    forms.save(arguments.out)
    if not arguments.quick:
        loss("categorical_crossentropy").save(arguments.out, ("png", "html", "json"))
        stability("categorical_crossentropy").save(arguments.out)
        for name in ("mean_squared_error", "mean_absolute_error", "huber:delta=1", "log", "l2:0.1"):
            loss(name).save(arguments.out)

    print("accuracy of a model that starts sure and wrong, before and after 5 epochs")
    for from_logits in (False, True):
        before, after = trained(from_logits=from_logits)
        told = "from logits" if from_logits else "from clipped probabilities"
        print(f"  {told:<28}{before:>8.1%}{after:>8.1%}")
    print(f"\nwrote {arguments.out}/")


if __name__ == "__main__":
    main()
