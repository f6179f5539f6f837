"""From the trained network to the file that tfviz ships: calibrate, pack, measure, write the card.

    python samples/finish_everyday10.py --model build/everyday10/40-epochs/trained.keras --out new

train_everyday10.py ends with this. The temperature goes into the weights of the last dense layer:
the file then gives calibrated probabilities by itself, its answers stay the same, and its heatmaps
keep their shape. Everything the card states is measured here, on the finished file.
"""

from __future__ import annotations

import argparse
import json
import os
import zipfile
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
from calibration import calibrate, error_rows, errors, fold_temperature, reliability
from cifar10 import CLASSES, find_data, load_split
from pointing import FIRST_OF_TEN, FIRST_OF_THOUSAND, compare_both

import tfviz

Split = tuple[np.ndarray, np.ndarray]


def predict(model: keras.Model, images: np.ndarray) -> np.ndarray:
    """What the model puts out, (n, 10), in batches."""
    parts = [images[i : i + 500].astype("float32") for i in range(0, len(images), 500)]
    return np.concatenate([np.array(model(part, training=False)) for part in parts])


def finish(
    trained: Path, train: Split, test: Split, out: Path, recipe: str, *, copies: bool
) -> Path:
    """Write everyday10.keras, calibrated and with its tfviz.json inside, and its model card.

    Args:
        trained: The network as it was trained.
        train: Images and labels that it was trained on.
        test: Images and labels that it never saw.
        out: The folder for both files.
        recipe: How it was trained, in words.
        copies: Whether the images are the JPEG copies rather than the originals.
    """
    model = keras.saving.load_model(trained)
    last = model.get_layer("logits")
    calibration = calibrate(predict(keras.Model(model.inputs, last.output), test[0]), test[1])
    fold_temperature(last, calibration.temperature)

    out.mkdir(parents=True, exist_ok=True)
    path = out / "everyday10.keras"
    model.save(path)
    for_older_keras(path)
    knows = f"{', '.join(CLASSES[:-1])} and {CLASSES[-1]}"
    tfviz.write_card(
        path,
        tfviz.Card(
            class_names=CLASSES,
            input_size=(32, 32),
            resize="stretch",
            value_range="none",
            knows=f"everyday10 knows only: {knows}; for 1000 classes use --model MobileNetV2.",
        ),
    )

    model = tfviz.load_model(path)
    probabilities = predict(model, test[0])
    seen = predict(model, train[0][:10_000]).argmax(axis=1) == train[1][:10_000]
    sections = [
        facts(model, probabilities, test[1], seen, path, recipe),
        confusion(probabilities, test[1]),
        calibrated(calibration, probabilities, test[1]),
        pointing(model),
        LIMITS if copies else "",
        SOURCE,
    ]
    text = "\n".join(section for section in sections if section)
    (out / "everyday10.md").write_text(text, encoding="utf-8")
    return path


# Settings that Keras has learnt since 3.12, all at their defaults here. An older Keras refuses a
# file that names them; a newer one takes its defaults where they are absent.
NEWER_SETTINGS = {
    "input_axes",
    "output_axes",
    "quantization_config",
    "renorm",
    "renorm_clipping",
    "renorm_momentum",
}


def for_older_keras(path: Path) -> None:
    """Leave out of a `.keras` file what the lowest supported Keras doesn't know."""

    def strip(value):
        if isinstance(value, dict):
            return {k: strip(v) for k, v in value.items() if k not in NEWER_SETTINGS}
        return [strip(each) for each in value] if isinstance(value, list) else value

    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    config = strip(json.loads(members["config.json"]))
    members["config.json"] = json.dumps(config).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            # A fixed date, so that the same model gives the same file.
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), data)


# ---- the model card, section by section


def facts(model, probabilities, labels, seen, path, recipe) -> str:
    right = probabilities.argmax(axis=1) == labels
    return f"""# everyday10

A small image classifier that comes with tfviz, so that the first heatmap needs no download.

- **Tells apart** {", ".join(CLASSES[:6])},
  {", ".join(CLASSES[6:])}. Everything else is called one of these ten, often with confidence: a
  person may be a frog.
- **Accuracy** {right.mean():.2%} on {len(labels):,} test images it never saw;
  {seen.mean():.2%} on {len(seen):,} of those it was trained on.
- **Input** 32x32 RGB, values 0 to 255 (scaled inside the model); photos are stretched to 32x32.
- **Output** ten probabilities, calibrated (below). The last feature map, where heatmaps are made,
  is 8x8x128.
- **Size** {model.count_params():,} parameters, {path.stat().st_size / 1e6:.2f} MB, 48 million multiply-adds.
- **Trained** from random weights on the 50,000 training images of CIFAR-10 by `samples/train_everyday10.py`:
  {recipe}.
- **Good for** trying tfviz, teaching and tests. **Not for** decisions about anything.
"""  # noqa: E501


def confusion(probabilities: np.ndarray, labels: np.ndarray) -> str:
    """Counts by true class (rows) and answer (columns), and the share that is right."""
    table = np.zeros((len(CLASSES), len(CLASSES)), int)
    np.add.at(table, (labels, probabilities.argmax(axis=1)), 1)
    width = max(len(name) for name in CLASSES)
    lines = [" " * width + "".join(f"{name[:4]:>6}" for name in CLASSES) + "    right"]
    for i, (name, row) in enumerate(zip(CLASSES, table, strict=True)):
        share = row[i] / max(row.sum(), 1)
        lines.append(f"{name:>{width}}" + "".join(f"{n:6}" for n in row) + f"{share:9.1%}")
    answered = table.sum(axis=0)
    lines.append(f"{'answered':>{width}}" + "".join(f"{n:6}" for n in answered))
    good = np.diag(table) / np.maximum(answered, 1)
    lines.append(f"{'of it right':>{width}}" + "".join(f"{each:6.0%}" for each in good))
    return f"""## What it takes for what

A row is what the image shows, a column what the model answers; {len(labels):,} test images.

```
{chr(10).join(lines)}
```
"""


def calibrated(found, probabilities: np.ndarray, labels: np.ndarray) -> str:
    low, high = sorted(found.of_halves)
    rows = [f"| {' | '.join(row)} |" for row in error_rows(found)]
    bins = [
        f"{sure:10.1%}{right:10.1%}{n:9,}"
        for n, sure, right in reliability(found.probabilities, labels)
    ]
    return f"""## How far to trust its probabilities

The logits are divided by a temperature of {found.temperature:.3f} (Guo et al., "On Calibration of Modern Neural
Networks", 2017), which lies in the weights of the last layer. It is fitted on all {len(labels):,} test
images. The errors are stated on images it was not fitted on: each half of the test images with
the temperature of the other half ({low:.3f} and {high:.3f}), averaged. The last column is what
a perfectly calibrated model of the same confidences would show on as many images, by chance.

| | trained | calibrated | chance |
|---|---|---|---|
{chr(10).join(rows)}

On all test images at once the file as shipped has an expected calibration error of {errors(probabilities, labels).ece:.2%}.

```
confidence     right   images
{chr(10).join(bins)}
```

This holds for images like the test images. On a photo of something else the confidence says
nothing: it has to be one of the ten.
"""  # noqa: E501


def pointing(model: keras.Model) -> str:
    """Empty where there are no photos with boxes."""
    found = compare_both(model)
    rows = [
        f"| {kind} | {each.scenes} of {each.photos} | {each.ours:.0%} | {each.mobilenet:.0%} "
        f"| {each.difference[0]:+.2f} to {each.difference[1]:+.2f} | {each.random_point:.0%} "
        f"| {each.centre:.0%} |"
        for kind, each in found.items()
    ]
    if not rows:
        return ""
    return f"""## Where its heatmaps point

Grad-CAM's highest pixel lies in a box of the class, on COCO photos of eight of its classes, beside
MobileNetV2 on the same scenes (`samples/pointing.py`). A scene counts where the class is among the
first {FIRST_OF_TEN} of these ten and the first {FIRST_OF_THOUSAND} of MobileNetV2's thousand. *Windows* are squares two to four
times as long as an object, which lies anywhere in them.

| | scenes of photos | everyday10 | MobileNetV2 | difference, 95 % | random point | centre |
|---|---|---|---|---|---|---|
{chr(10).join(rows)}

So few photos tell a good map from a poor one, and not one good map from another. What 32x32 pixels
cost is above all what can be recognised at all: of an object a tenth as wide as the photo it sees
3 pixels, MobileNetV2 22.
"""  # noqa: E501


LIMITS = """## Why not more

The images it learnt from and is tested on are JPEG copies of 32x32 pixels at quality 75, their
colours at 16x16 pixels: what tells a cat from a dog is partly gone. A ResNet-20 that reaches
91.8 % on the originals is right on 81.4 % of these copies. And the file is to stay below 2 MB, and
to train in less than an hour on two cores of a processor.
"""

SOURCE = """CIFAR-10: A. Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009.
"""


def main() -> None:
    from train_everyday10 import Recipe

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", help="the trained network; the one of tfviz by default")
    parser.add_argument("--data", help="folder with train.tfrecord and test.tfrecord")
    parser.add_argument("--out", default="build/everyday10", help="both files go here")
    parser.add_argument("--quick", action="store_true", help="500 test images")
    arguments = parser.parse_args()

    folder = find_data(arguments.data)
    train, test = load_split(folder, "train"), load_split(folder, "test")
    if arguments.quick:
        test = (test[0][:500], test[1][:500])
    shipped = Path(tfviz.__file__).parent / "zoo" / "data" / "everyday10.keras"
    trained, out = Path(arguments.model or shipped), Path(arguments.out)
    path = finish(trained, train, test, out, str(Recipe()), copies=folder is not None)
    print(f"wrote {path} and its card")


if __name__ == "__main__":
    main()
