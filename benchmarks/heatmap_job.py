"""What a folder of heatmaps costs, as ratios measured in one run.

    python benchmarks/heatmap_job.py            # about ten minutes on two cores
    python benchmarks/heatmap_job.py --quick    # fewer repetitions, no long runs
    python benchmarks/heatmap_job.py --check    # exit code 1 when a limit is passed
    python benchmarks/heatmap_job.py --peers    # and the peers that are installed

The job, from its first batch to its last with the default `--save overlay,array`, is timed against
a bare loop in the same process, in turns: decode a JPEG, shrink it, and run the compiled model on
batches of the same size. The loop writes nothing. Memory is the peak of a process of its own.

Needs real photos: `--photos FOLDER` (the 200 of shared/data/imagenet by default).
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

SHARED = Path(os.environ.get("TFVIZ_SHARED", Path(__file__).parents[2] / "shared" / "data"))
BATCH = 16
SPEED_LIMIT = 0.9  # images a second of the job over those of the bare loop, at least
MEMORY_LIMIT = 1.05  # peak for 2,000 photos over that for 200
FLAT_LIMIT = 1.10  # seconds a photo, last thousand of five over the first
PEER_LIMIT = 5.0  # seconds a photo of tf-keras-vis and tf-explain over ours, at least


def load_model():
    import keras

    import tfviz

    weights = SHARED / "models" / "mobilenet_v2_1.0_224.weights.h5"
    if weights.exists():
        return tfviz.load_model("MobileNetV2", weights=str(weights))
    return keras.applications.MobileNetV2(weights=None)


def bare_loop(model, paths):
    """A compiled forward pass over decoded photos; returns a function that runs it."""
    import cv2
    import numpy as np
    import tensorflow as tf
    from PIL import Image

    forward = tf.function(
        lambda x: model(x, training=False), input_signature=[tf.TensorSpec((None, 224, 224, 3))]
    )

    def run():
        for start in range(0, len(paths), BATCH):
            batch = []
            for path in paths[start : start + BATCH]:
                photo = np.asarray(Image.open(path).convert("RGB"))
                small = cv2.resize(photo, (224, 224), interpolation=cv2.INTER_AREA)
                batch.append(small.astype(np.float32) / 127.5 - 1)
            forward(np.stack(batch)).numpy()

    return run


def our_job(model, paths, out, **settings):
    """The folder job; returns the seconds from its first batch to its last."""
    import numpy as np

    from tfviz.files import find_images
    from tfviz.jobs.heatmap import HeatmapJob
    from tfviz.jobs.results import HeatmapSettings

    job = HeatmapJob(
        model,
        find_images([str(each) for each in paths]),
        out,
        HeatmapSettings(batch_size=BATCH, value_range="tf", **settings),
        own_model=True,
    )
    # Tracing is done when the first batch comes, as it is in the bare loop.
    job.method(np.zeros((BATCH, *job.pixels.size, 3), np.float32), job.target)
    start = time.perf_counter()
    failed = [each.reason for each in job.run() if each.reason is not None]
    took = time.perf_counter() - start
    if failed:
        raise SystemExit(f"{len(failed)} photos failed: {failed[0]}")
    return took


def speed(paths, repeats):
    model = load_model()
    bare = bare_loop(model, paths)
    bare()
    ratios, rates = [], []
    with tempfile.TemporaryDirectory() as folder:
        our_job(model, paths[: 4 * BATCH], Path(folder, "warm"))
        for i in range(repeats):
            start = time.perf_counter()
            bare()
            loop = time.perf_counter() - start
            job = our_job(model, paths, Path(folder, str(i)))
            ratios.append(loop / job)
            rates.append((len(paths) / loop, len(paths) / job))
    ratio = statistics.median(ratios)
    loop, job = (statistics.median(each) for each in zip(*rates, strict=True))
    print(f"bare loop {loop:.1f} photos/s, job {job:.1f} photos/s")
    return told("job over bare loop", ratio, SPEED_LIMIT, at_least=True)


def told(what, ratio, limit, *, at_least=False):
    good = ratio >= limit if at_least else ratio <= limit
    word = "at least" if at_least else "at most"
    print(f"{what:<44}{ratio:>8.3f}  {word} {limit:.2f}{'' if good else '  <- missed'}")
    return good


def many(paths, count, folder):
    """So many names of these photos, as links in a folder."""
    folder.mkdir()
    for i in range(count):
        os.link(paths[i % len(paths)], folder / f"{i:05}.JPEG")
    return folder


def child(folder, out):
    """One run in this process: peak memory, and when each thousandth photo was done."""
    import resource

    from tfviz.files import find_images
    from tfviz.jobs.heatmap import HeatmapJob
    from tfviz.jobs.results import HeatmapSettings

    settings = HeatmapSettings(batch_size=BATCH, value_range="tf")
    job = HeatmapJob(load_model(), find_images([folder]), out, settings, own_model=True)
    marks, start = [], None
    for i, _ in enumerate(job.run()):
        start = start or time.perf_counter()
        if i % 500 == 499:
            marks.append(time.perf_counter() - start)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"peak": peak, "marks": marks}))


def in_child(folder, out):
    command = [sys.executable, __file__, "--child", str(folder), str(out)]
    said = subprocess.run(command, capture_output=True, check=True, text=True).stdout
    return json.loads(said.splitlines()[-1])


def memory(paths, repeats):
    peaks = {}
    with tempfile.TemporaryDirectory() as place:
        for count in (200, 2000):
            folder = many(copied(paths, Path(place)), count, Path(place, f"in-{count}"))
            found = [in_child(folder, Path(place, f"out-{count}-{i}")) for i in range(repeats)]
            peaks[count] = statistics.median(each["peak"] for each in found)
            print(f"peak memory for {count} photos: {peaks[count]:.0f} MB")
    return told("peak memory, 2,000 photos over 200", peaks[2000] / peaks[200], MEMORY_LIMIT)


def flat(paths):
    with tempfile.TemporaryDirectory() as place:
        folder = many(copied(paths, Path(place)), 5000, Path(place, "in"))
        marks = in_child(folder, Path(place, "out"))["marks"]
    # The first half thousand holds the tracing.
    first, last = marks[2] - marks[0], marks[-1] - marks[-3]
    print(
        f"seconds for photos 500 to 1500: {first:.1f}; for the last thousand of 5,000: {last:.1f}"
    )
    return told("time a photo, last thousand over first", last / first, FLAT_LIMIT)


def copied(paths, place):
    """The photos on the disk of the temporary folder, where they can be linked."""
    import shutil

    folder = place / "photos"
    if not folder.exists():
        folder.mkdir()
        for path in paths:
            shutil.copy(path, folder / path.name)
    return sorted(folder.iterdir())


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--peers", action="store_true")
    parser.add_argument("--photos", default=str(SHARED / "imagenet"))
    parser.add_argument("--child", nargs=2, metavar=("FOLDER", "OUT"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        child(*arguments.child)
        return
    paths = sorted(Path(arguments.photos).glob("*.JPEG")) or sorted(
        Path(arguments.photos).glob("*.jpg")
    )
    if len(paths) < 64:
        raise SystemExit(f"{arguments.photos} holds {len(paths)} JPEG photos: 64 are needed.")
    passed = speed(paths, 3 if arguments.quick else 7)
    passed &= memory(paths, 1 if arguments.quick else 3)
    if not arguments.quick:
        passed &= flat(paths)
    if arguments.peers:
        from heatmap_peers import peers

        passed &= peers(load_model(), paths, PEER_LIMIT)
    if arguments.check and not passed:
        sys.exit(1)


if __name__ == "__main__":
    main()
