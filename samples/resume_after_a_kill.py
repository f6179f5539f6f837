"""Kill a training run in the middle of a step, start it again, and get the same bits.

    python samples/resume_after_a_kill.py             # half a minute on two cores
    python samples/resume_after_a_kill.py --quick     # fewer kills

Three lives are shown. An unbroken run. A run that is killed with SIGKILL, which no program can
answer, and started again with the same command until it is through. And, for comparison, a run
that only saves its weights. The first two end with equal weights, compared with `==`; the third
does not. (Unix only: kills are sent to child processes.)
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

SAMPLES, EPOCHS, BATCH = 2000, 12, 32
HERE = Path(__file__).resolve()


def train(folder: Path, *, weights_only: bool) -> None:
    """One command that is started again and again; it never asks whether it was killed before."""
    import keras
    import numpy as np
    import tensorflow as tf

    import tfviz

    keras.utils.set_random_seed(7)
    pictures = np.random.default_rng(1).normal(size=(SAMPLES, 12, 12, 1)).astype("float32")
    labels = (pictures[:, :6].mean((1, 2, 3)) > pictures[:, 6:].mean((1, 2, 3))).astype("int64")

    def load(number: tf.Tensor, index: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        # Stateless: the noise depends on the number of the sample alone.
        noise = tf.random.stateless_normal((12, 12, 1), (number, 7), stddev=0.2)
        return tf.gather(pictures, index) + noise, tf.gather(labels, index)

    # Indices are shuffled, before any picture is loaded: the shuffle's buffer is in the checkpoint.
    indices = tf.data.Dataset.range(SAMPLES).shuffle(SAMPLES, seed=7)
    dataset = indices.enumerate().map(load, num_parallel_calls=2).batch(BATCH).prefetch(2)

    model = keras.Sequential(
        [
            keras.Input((12, 12, 1)),
            keras.layers.Conv2D(8, 3, activation="relu"),
            keras.layers.BatchNormalization(),
            keras.layers.Flatten(),
            keras.layers.Dropout(0.3),
            keras.layers.Dense(2),
        ]
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    trainer = tfviz.Trainer(model, loss, keras.optimizers.Adam(2e-3), ["accuracy"])
    if weights_only:
        kept = folder / "last.weights.h5"
        done = sorted(folder.glob("epoch-*"))
        if kept.exists():
            model.load_weights(kept)

        def keep(run: Any) -> None:
            model.save_weights(folder / "new.weights.h5")
            os.replace(folder / "new.weights.h5", kept)
            (folder / f"epoch-{len(done) + run.epoch:03d}").touch()

        history = trainer.fit(
            dataset, epochs=EPOCHS - len(done), hooks={"epoch_end": keep}, progress="none"
        )
    else:
        history = trainer.fit(
            dataset, epochs=EPOCHS, checkpoint_dir=folder, checkpoint_every=25, progress="none"
        )
    np.savez(folder / "end.npz", *[np.asarray(v) for v in model.variables])
    print(f"    finished; loss {history.epochs['loss'][-1]:.6f}", flush=True)


def run(folder: Path, *, kills: int, weights_only: bool = False) -> None:
    """Start the command; kill it some seconds into its training; start it again."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    command = [sys.executable, str(HERE), "--life", str(folder)]
    command += ["--weights-only"] if weights_only else []
    for life in range(kills + 1):
        process = subprocess.Popen(command)
        if life < kills:
            before = newest(folder)
            # It has saved something since it began, so it is training now.
            while process.poll() is None and newest(folder) == before:
                time.sleep(0.005)
            time.sleep(random.uniform(0, 0.3))
            process.send_signal(signal.SIGKILL)
        code = process.wait()
        if code == 0:
            return
        if code != -signal.SIGKILL:
            raise SystemExit(f"the run failed with {code}; its error is above")
        print(f"    killed; it had saved {newest(folder) or 'nothing'}", flush=True)


def newest(folder: Path) -> str:
    """The last thing that a run saved."""
    names = [each.name for each in folder.iterdir() if each.name.startswith(("check", "epoch"))]
    return max(names, default="")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", default="resumed", help="checkpoints go here")
    parser.add_argument("--quick", action="store_true", help="kill once")
    parser.add_argument("--life", help=argparse.SUPPRESS)
    parser.add_argument("--weights-only", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.life:
        train(Path(arguments.life), weights_only=arguments.weights_only)
        return

    import numpy as np

    out = Path(arguments.out)
    kills = 1 if arguments.quick else 3
    ends = {}
    for name, count, only in (
        ("unbroken", 0, False),
        ("killed", kills, False),
        ("weights alone", kills, True),
    ):
        print(f"{name}:", flush=True)
        folder = out / name.replace(" ", "-")
        run(folder, kills=count, weights_only=only)
        with np.load(folder / "end.npz") as file:
            ends[name] = [file[key] for key in file.files]

    print()
    for name in ("killed", "weights alone"):
        pairs = list(zip(ends["unbroken"], ends[name], strict=True))
        same = sum(np.array_equal(a, b) for a, b in pairs)
        # The states of seeds are counted above, but the distance between two means nothing.
        furthest = max(np.abs(a - b).max() for a, b in pairs if a.dtype.kind == "f")
        print(
            f"{name + ':':15} {same} of {len(pairs)} variables equal to the unbroken run's, "
            f"largest difference {furthest:.2g}"
        )


if __name__ == "__main__":
    main()
