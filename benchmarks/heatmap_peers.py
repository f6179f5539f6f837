"""Grad-CAM by the peers that are installed, for benchmarks/heatmap_job.py --peers.

All explain the same batch at the same layer of the same model, each as its documentation says, and
warm: the first call of each is left out. Xplique's cost for a new explainer is told apart.
"""

from __future__ import annotations

import importlib.util
import statistics
import time

BATCH = 16
NEW_EXPLAINERS = 3


def installed(name):
    return importlib.util.find_spec(name) is not None


def peers(model, paths, limit):
    """Print seconds a photo of each peer over ours; whether ours keeps to the limits."""
    import keras
    import numpy as np

    import tfviz
    from tfviz.image import read_rgb

    photos = [read_rgb(path) for path in paths[:BATCH]]
    inputs = tfviz.preprocess(model, photos, value_range="tf").astype(np.float32)
    classes = model.predict(inputs, verbose=0).argmax(axis=1)
    linear = keras.Model(model.inputs, model.outputs)
    layer = "out_relu"

    def ours():
        tfviz.GradCAM(model, layer, batch_size=BATCH)(inputs, classes.tolist())

    calls = {"tfviz": ours}
    if installed("tf_keras_vis"):
        from tf_keras_vis.gradcam import Gradcam
        from tf_keras_vis.utils.scores import CategoricalScore

        explainer = Gradcam(linear, clone=True)
        score = CategoricalScore(classes.tolist())
        calls["tf-keras-vis"] = lambda: explainer(score, inputs, penultimate_layer=layer)
    if installed("tf_explain"):
        from tf_explain.core.grad_cam import GradCAM

        core = GradCAM()
        # It explains one class for all images of a call.
        calls["tf-explain"] = lambda: [
            core.explain((inputs[i : i + 1], None), model, int(c), layer)
            for i, c in enumerate(classes)
        ]
    new = None
    if installed("xplique"):
        from xplique.attributions import GradCAM as TheirGradCAM

        hot = np.eye(model.output_shape[-1], dtype=np.float32)[classes]
        their = TheirGradCAM(model, conv_layer=layer, batch_size=BATCH)
        calls["Xplique"] = lambda: their.explain(inputs, hot)

        def new():
            TheirGradCAM(model, conv_layer=layer, batch_size=BATCH).explain(inputs, hot)

    for call in calls.values():
        call()
        call()
    times = {name: [] for name in calls}
    for _ in range(5):
        for name, call in calls.items():
            start = time.perf_counter()
            call()
            times[name].append(time.perf_counter() - start)
    good = True
    for name in calls:
        ratio = statistics.median(a / b for a, b in zip(times[name], times["tfviz"], strict=True))
        each = 1e3 * statistics.median(times[name]) / BATCH
        least = {"tf-keras-vis": limit, "tf-explain": limit, "Xplique": 1.0}.get(name)
        missed = least is not None and ratio < least
        good &= not missed
        told = "" if least is None else f"  at least {least:.1f}{'  <- missed' if missed else ''}"
        print(f"{name:<14}{each:>8.1f} ms a photo{ratio:>8.2f} x ours{told}")
    if new is not None:
        for name, call in (("tfviz", ours), ("Xplique", new)):
            took = []
            for _ in range(NEW_EXPLAINERS):
                start = time.perf_counter()
                call()
                took.append(time.perf_counter() - start)
            print(f"{name}: a new explainer and {BATCH} photos {statistics.median(took):.2f} s")
    return good
