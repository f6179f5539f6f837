"""CIFAR-10 as arrays: 60,000 small photos of ten everyday things, and a look at them.

    python samples/cifar10.py                 # counts, and cifar10.png with ten of each class
    python samples/cifar10.py --data FOLDER   # a folder with train.tfrecord and test.tfrecord

Look at your data before you train on it. Each record is an Example with a JPEG `image` and an
int64 `label`; a folder with such files is looked for at `$TFVIZ_SHARED/cifar10` and at
`../shared/data/cifar10`; where there is none, `keras.datasets.cifar10` downloads the images.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
import tensorflow as tf

CLASSES = (
    "airplane",
    "automobile",
    "bird",
    "cat",
    "deer",
    "dog",
    "frog",
    "horse",
    "ship",
    "truck",
)


def shared_folder(name: str) -> Path:
    """Where a folder of real data lies when it lies beside the project."""
    beside = Path(__file__).parents[2] / "shared" / "data"
    return Path(os.environ.get("TFVIZ_SHARED", beside)) / name


def find_data(given: str | None = None) -> Path | None:
    """The folder with the TFRecords, or None when Keras shall download the images."""
    if given:
        return Path(given)
    folder = shared_folder("cifar10")
    return folder if (folder / "train.tfrecord").exists() else None


def load_split(folder: Path | None, split: str) -> tuple[np.ndarray, np.ndarray]:
    """Images (n, 32, 32, 3) uint8 and labels (n,) int32 of 'train' or 'test'."""
    if folder is None:
        x, y = keras.datasets.cifar10.load_data()[0 if split == "train" else 1]
        return x, y[:, 0].astype("int32")
    features = {
        "image": tf.io.FixedLenFeature([], tf.string),
        "label": tf.io.FixedLenFeature([], tf.int64),
    }

    def parse(record):
        example = tf.io.parse_single_example(record, features)
        image = tf.io.decode_jpeg(example["image"], channels=3)
        return tf.ensure_shape(image, (32, 32, 3)), tf.cast(example["label"], tf.int32)

    records = tf.data.TFRecordDataset(str(folder / f"{split}.tfrecord"))
    batches = records.map(parse, num_parallel_calls=tf.data.AUTOTUNE).batch(1000)
    images, labels = zip(*batches.as_numpy_iterator(), strict=True)
    return np.concatenate(images), np.concatenate(labels)


def sheet(images: np.ndarray, labels: np.ndarray, of_each: int = 10) -> np.ndarray:
    """The first images of each class side by side, a row a class."""
    rows = [np.concatenate(images[labels == i][:of_each], axis=1) for i in range(len(CLASSES))]
    return np.concatenate(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", help="folder with train.tfrecord and test.tfrecord")
    parser.add_argument("--out", default=".", help="the picture goes here")
    parser.add_argument("--quick", action="store_true", help="only the test images")
    arguments = parser.parse_args()

    folder = find_data(arguments.data)
    for split in ("test",) if arguments.quick else ("train", "test"):
        images, labels = load_split(folder, split)
        counts = np.bincount(labels, minlength=len(CLASSES))
        print(f"{split}: {len(images):,} images, mean value {images.mean():.1f}")
        print("  " + ", ".join(f"{name} {n:,}" for name, n in zip(CLASSES, counts, strict=True)))
    path = Path(arguments.out) / "cifar10.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    keras.utils.save_img(path, sheet(images, labels), scale=False)
    print(f"wrote {path}")


if __name__ == "__main__":
    main()
