"""What the class activation maps cost, as ratios measured in one run.

    python benchmarks/cam.py            # about twenty minutes on two cores
    python benchmarks/cam.py --quick    # MobileNetV2, fewer channels and repetitions
    python benchmarks/cam.py --check    # exit code 1 when a limit is passed

Each method is timed against what it can't do without, in turns, so that a busy machine slows both;
the figure is the median of the ratios of the pairs.

    one backward pass     Grad-CAM at the same layers
    masked inputs         as many plain compiled forward passes, at the batch size that is best
    ablated channels      as many passes of the head alone, and one of the whole model
    another library       tf-keras-vis on ResNet50, where it is installed
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import os
import resource
import statistics
import sys
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

ONE_BACKWARD_LIMIT = 1.15
MASKED_LIMIT = 1.1
HEAD_LIMIT = 1.25
# How many times as long as ours another library must take.
OTHERS_AT_LEAST = 2.0
# Of 448 more channels; their masks alone, at 224x224x3, would be 270 MB.
MEMORY_LIMIT = 100
BATCHES = (1, 4, 8, 16, 32)
SIZE = 224


def seconds(call):
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def compare(plain, ours, pairs):
    """Median seconds of both, and the median ratio of pairs taken in turns."""
    plain(), ours()
    rows = []
    for i in range(pairs):
        # Who goes first alternates: the second finds warmer caches.
        first, second = (plain, ours) if i % 2 else (ours, plain)
        a, b = seconds(first), seconds(second)
        rows.append((a, b) if i % 2 else (b, a))
    return (
        statistics.median(a for a, _ in rows),
        statistics.median(b for _, b in rows),
        statistics.median(b / a for a, b in rows),
    )


def line(what, plain, ours, ratio, limit):
    over = "" if ratio <= limit else "  <- over"
    print(f"{what:<44}{1e3 * plain:>11.1f}{1e3 * ours:>11.1f}{ratio:>8.3f}{limit:>7.2f}{over}")
    return ratio <= limit


def heading(title):
    print(f"\n{title:<44}{'plain ms':>11}{'ours ms':>11}{'ratio':>8}{'limit':>7}")


def pictures(batch):
    import tensorflow as tf

    return tf.random.stateless_normal((batch, SIZE, SIZE, 3), (1, 2))


def forward_of(model):
    import tensorflow as tf

    # With an open batch axis, as ours: a graph for one batch size alone may run otherwise.
    return tf.function(
        lambda x: model(x, training=False),
        input_signature=[tf.TensorSpec((None, *model.input_shape[1:]))],
    )


def one_backward(model, quick):
    import tfviz
    from tfviz.explain.family import FAMILY, METHODS, ONE_PASS

    heading(f"{model.name}, one backward pass, batch of 8")
    inputs, passed = pictures(8), True
    for entry in ONE_PASS:
        name = entry.name
        if name == "gradcam" or not entry.cost.startswith(FAMILY["gradcam"].cost):
            continue
        # Shared traced functions are many here; each method finds its own warm.
        explain = METHODS[name](model, batch_size=8)
        layers = explain(inputs).layer.path
        plain = tfviz.GradCAM(model, layers, batch_size=8)
        call = functools.partial(plain, inputs, 1), functools.partial(explain, inputs, 1)
        passed &= line(name, *compare(*call, 5 if quick else 15), ONE_BACKWARD_LIMIT)
    return passed


def best_batch(forward):
    """The batch size at which one row costs least, and its seconds."""
    costs = {}
    for batch in BATCHES:
        inputs = pictures(batch)
        forward(inputs)
        costs[batch] = statistics.median(
            seconds(lambda x=inputs: forward(x).numpy()) / batch for _ in range(7)
        )
    best = min(costs, key=costs.__getitem__)
    return best, costs[best]


def masked_inputs(model, channels, quick):
    import tfviz

    forward = forward_of(model)
    best, each = best_batch(forward)
    heading(f"{model.name}, masked inputs, {best} at once ({1e3 * each:.1f} ms each)")
    picture, passed = pictures(1), True
    kin = (
        ("scorecam", tfviz.ScoreCAM, {"channels": channels}, channels),
        ("fasterscorecam", tfviz.FasterScoreCAM, {"channels": channels}, channels),
        ("sscam", tfviz.SSCAM, {"channels": channels // 8, "samples": 8}, channels),
        ("iscam", tfviz.ISCAM, {"channels": channels // 8, "steps": 8}, channels),
    )
    rows = pictures(best)

    def plain(number):
        forward(picture).numpy()
        for _ in range(number // best):
            forward(rows).numpy()
        if number % best:
            forward(rows[: number % best]).numpy()

    for name, kind, options, number in kin:
        explain = kind(model, batch_size=best, **options)
        call = functools.partial(plain, number), functools.partial(explain, picture, 1)
        what = f"{name}, {number} evaluations"
        passed &= line(what, *compare(*call, 7 if quick else 9), MASKED_LIMIT)
    return passed


def ablated_channels(quick):
    """VGG16, where three dense layers and a pooling follow the last convolution."""
    import keras
    import tensorflow as tf

    import tfviz

    model = keras.applications.VGG16(weights=None)
    before, path = model.get_layer("block5_conv3"), "block5_conv3"
    value = start = keras.Input(before.output.shape[1:])
    for layer in model.layers[model.layers.index(before) + 1 :]:
        value = layer(value)
    head, forward = forward_of(keras.Model(start, value)), forward_of(model)
    picture, batch = pictures(1), 32
    activations = keras.Model(model.input, before.output)(picture)
    live = int(tf.reduce_sum(tf.cast(tf.reduce_any(activations != 0, axis=(0, 1, 2)), tf.int32)))
    rows = tf.repeat(activations, batch, axis=0)

    def plain():
        forward(picture).numpy()
        for _ in range(live // batch):
            head(rows).numpy()
        if live % batch:
            head(rows[: live % batch]).numpy()

    heading("VGG16, ablated channels, 32 at once")
    explain = tfviz.AblationCAM(model, path, batch_size=batch)
    call = plain, functools.partial(explain, picture, 1)
    passed = line(f"ablationcam, {live} heads", *compare(*call, 3 if quick else 9), HEAD_LIMIT)
    eight = pictures(8)
    whole = live * seconds(lambda: forward(eight).numpy()) / 8
    print(f"{'the whole model once a channel, estimated':<44}{1e3 * whole:>11.1f}")
    return passed


def against_another(channels):
    """Score-CAM of tf-keras-vis, of as many channels of ResNet50."""
    try:
        from tf_keras_vis.scorecam import Scorecam
        from tf_keras_vis.utils.model_modifiers import ReplaceToLinear
        from tf_keras_vis.utils.scores import CategoricalScore
    except ImportError:
        print("\ntf-keras-vis is not installed: not compared")
        return True
    import keras

    import tfviz

    model = keras.applications.ResNet50(weights=None)
    picture = pictures(1)
    theirs = Scorecam(model, model_modifier=ReplaceToLinear(), clone=True)
    ours = tfviz.FasterScoreCAM(model, channels=channels)

    def plain():
        # It draws progress bars.
        with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
            theirs(CategoricalScore([1]), picture, max_N=channels)

    took, mine, _ = compare(plain, lambda: ours(picture, 1), 3)
    heading(f"ResNet50, Score-CAM of {channels} channels, tf-keras-vis")
    return line("of theirs, ours is", took, mine, mine / took, 1 / OTHERS_AT_LEAST)


def memory():
    """How much more 512 channels take than 64."""
    import keras
    from keras import layers

    import tfviz

    def peak(channels):
        image = keras.Input((SIZE, SIZE, 3))
        x = layers.Conv2D(channels, 16, strides=16, activation="relu", name="conv")(image)
        model = keras.Model(image, layers.Dense(5)(layers.GlobalAveragePooling2D()(x)))
        tfviz.ScoreCAM(model, "conv")(pictures(1), 1)
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

    peak(32)
    few = peak(64)
    more = peak(512) - few
    over = "" if more <= MEMORY_LIMIT else "  <- over"
    print(f"\n{'Score-CAM of 512 channels instead of 64':<44}{more:>8.0f} MB more")
    print(f"{'limit':<44}{MEMORY_LIMIT:>8} MB{over}")
    return more <= MEMORY_LIMIT


def retraces(model):
    import tfviz
    from tfviz.explain.compiled import traces_of

    passed = True
    print(f"\n{model.name}: traces after one call, and after 3 more classes and batch sizes")
    for kind, options in (
        (tfviz.FasterScoreCAM, {"channels": 4}),
        (tfviz.SSCAM, {"channels": 2, "samples": 2}),
        (tfviz.ISCAM, {"channels": 2, "steps": 2}),
        (tfviz.AblationCAM, {}),
        (tfviz.ShapleyCAM, {}),
    ):
        kind(model, **options)(pictures(1), 1)
        before = traces_of(model)
        for target, batch in ((2, 2), (3, 1), (5, 2)):
            kind(model, batch_size=target, **options)(pictures(batch), target)
        again = traces_of(model) - before
        print(f"{kind.name:<44}{before:>8}{again:>8}{'' if not again else '  <- over'}")
        passed &= not again
    return passed


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--check", action="store_true")
    arguments = parser.parse_args()
    quick = arguments.quick
    passed = memory()

    import keras

    for name in ["MobileNetV2"] if quick else ["MobileNetV2", "ResNet50"]:
        # A model each: the traced functions of one are dropped when they become many.
        passed &= one_backward(getattr(keras.applications, name)(weights=None), quick)
        passed &= masked_inputs(
            getattr(keras.applications, name)(weights=None), 64 if quick else 256, quick
        )
    passed &= retraces(keras.applications.MobileNetV2(weights=None, input_shape=(SIZE, SIZE, 3)))
    passed &= ablated_channels(quick)
    passed &= against_another(64 if quick else 256)
    if arguments.check and not passed:
        sys.exit(1)


if __name__ == "__main__":
    main()
