"""Trains once unbroken, once more, and once killed again and again; each run in a fork.

    python tests/train/killing.py dataset|arrays KILLS FOLDER

TensorFlow is imported once and first used in the forks, which costs a second a life instead of
ten. What each run ended with is written to FOLDER/<run>.npz, how often it was killed to
FOLDER/lives.json.
"""

import json
import os
import random
import signal
import sys
import threading
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf

import tfviz

SAMPLES, BATCH, EPOCHS = 300, 16, 4
STEPS = -(-SAMPLES // BATCH) * EPOCHS
EVERY = 6
# So many of the kills come while a checkpoint is being written.
SHARE_IN_A_SAVE = 0.3


def arrays():
    pictures = np.random.default_rng(1).normal(size=(SAMPLES, 8, 8, 1)).astype("float32")
    return pictures, (pictures.mean((1, 2, 3)) > 0).astype("int64")


def dataset():
    """Indices shuffled, pictures loaded after that, augmented by their number."""
    pictures, labels = arrays()

    def load(number, index):
        noise = tf.random.stateless_normal((8, 8, 1), (number, 7), stddev=0.1)
        picture = tf.image.stateless_random_flip_left_right(tf.gather(pictures, index), (number, 8))
        return picture + noise, tf.gather(labels, index)

    indices = tf.data.Dataset.range(SAMPLES).shuffle(SAMPLES, seed=5)
    return indices.enumerate().map(load, num_parallel_calls=2).batch(BATCH).prefetch(2)


def build():
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.RandomTranslation(0.1, 0.1),
            layers.Conv2D(4, 3, activation="relu"),
            layers.BatchNormalization(),
            layers.Dropout(0.3),
            layers.Flatten(),
            layers.Dense(2),
        ]
    )


def life(kind, folder, result, *, kill_at=-1, kill_in_save=-1):
    """Train to the end, or to the kill."""
    keras.utils.set_random_seed(3)
    data = (dataset(),) if kind == "dataset" else arrays()
    # Whoever goes on builds a model of other weights and seeds: all must come from the checkpoint.
    if any(folder.glob("checkpoint-*")):
        keras.utils.set_random_seed(time.time_ns() % 2**31)

    def die(step):
        if step == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)
        return np.float32(0)

    def updated(scope):
        # Kills inside the compiled loop, in the middle of a call.
        dead = tf.numpy_function(die, [trainer.step.steps], tf.float32, stateful=True)
        return {"alive": tf.ensure_shape(dead, ())}

    if kill_in_save >= 0:
        threading.Thread(target=kill_while_saving, args=(folder, kill_in_save), daemon=True).start()
    trainer = tfviz.Trainer(
        build(),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        keras.optimizers.Adam(1e-2),
        ["accuracy"],
        average=0.9,
        clip_norm=1.0,
    )
    history = trainer.fit(
        *data,
        batch_size=BATCH if kind == "arrays" else None,
        epochs=EPOCHS,
        validation_data=dataset(),
        hooks={"updated": updated},
        progress="none",
        checkpoint_dir=folder,
        checkpoint_every=EVERY,
    )
    final = {
        v.path: np.asarray(v) for v in (*trainer.model.variables, *trainer.optimizer.variables)
    }
    final = {f"{i} {name}": value for i, (name, value) in enumerate(final.items())}
    for i, each in enumerate(trainer.average.averages):
        final[f"average {i}"] = each.numpy()
    for name, each in history.epochs.items():
        if not name.startswith("val_"):
            final[f"epochs {name}"] = np.array(each)
    final["steps loss"] = history.steps["loss"]
    final["drawn"] = np.array([random.random(), np.random.rand()])
    np.savez(result, **final)


def kill_while_saving(folder, count):
    """SIGKILL when another checkpoint is begun after `count` were."""

    def begun():
        return set(folder.glob(".tfviz-saving-*"))

    old, seen = begun(), set()
    while True:
        time.sleep(0.0005)
        seen |= begun() - old
        if len(seen) > count:
            time.sleep(random.uniform(0, 0.01))
            os.kill(os.getpid(), signal.SIGKILL)


def forked(*arguments, **options):
    """The signal that ended this life, 0 when it lived to the end."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            life(*arguments, **options)
            code = 0
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return os.WTERMSIG(status)
    if os.WEXITSTATUS(status):
        raise SystemExit("a run failed; its traceback is above")
    return 0


def main(kind, kills, folder):
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("first", "second"):
        assert forked(kind, folder / f"run-{name}", folder / f"{name}.npz") == 0
    # A different place each time; the truth must not depend on it.
    draw = random.Random(time.time_ns())
    in_save = set(draw.sample(range(kills), round(kills * SHARE_IN_A_SAVE)))
    reached, lives = 0, []
    for i in range(kills):
        started = time.perf_counter()
        room = (STEPS - reached) // (kills - i)
        if i in in_save:
            way = {"kill_in_save": draw.randrange(max(1, room // EVERY))}
        else:
            way = {"kill_at": reached + draw.randint(1, max(1, room))}
        ended_by = forked(kind, folder / "run-killed", folder / "killed.npz", **way)
        kept = sorted((folder / "run-killed").glob("checkpoint-*"))
        if kept:
            reached = json.loads((kept[-1] / "state.json").read_text())["counters"]["step"]
        lives.append({**way, "ended_by": ended_by, "reached": reached})
        print(lives[-1], f"{time.perf_counter() - started:.1f} s", flush=True)
    assert forked(kind, folder / "run-killed", folder / "killed.npz") == 0
    (folder / "lives.json").write_text(json.dumps(lives))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
