"""How well the maps of all methods point, and what they show the model, on real photos.

    python benchmarks/methods.py                    # an hour; goes on where it was stopped
    python benchmarks/methods.py --quick            # six photos, few channels: two minutes
    python benchmarks/methods.py --methods gradcam,fem --again
    python benchmarks/methods.py --picture          # docs/pictures/family.jpg alone

For each method, photo and model: does the map point at the boxed thing (pointing game, energy in
box), and what does the model say of the photo seen through the map (average drop, increase in
confidence)? The same for maps that never saw the model. The photos and models lie in the folder of
real data (TFVIZ_SHARED); each figure is kept in build/methods/ as soon as it is known, and the page
docs/methods-measured.md is written from them when all of them are there. What was measured with
another version of a method's own file, its words apart, is measured again; after a change elsewhere
use --again.
"""

from __future__ import annotations

import argparse
import ast
import hashlib
import importlib.util
import json
import os
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf
from boxed_photos import BoxedPhoto, Question, boxed_photos, questions, shared_folder
from methods_page import CONTROLS, REFERENCE, Measured, page

import tfviz
from tfviz.errors import TfvizError
from tfviz.explain import metrics
from tfviz.explain.family import FAMILY, METHODS
from tfviz.files.atomic import write_text
from tfviz.image import place, to_photo
from tfviz.image.opencv import cv2

ROOT = Path(__file__).parents[1]
MODELS = {
    "MobileNetV2": "mobilenet_v2_1.0_224.keras",
    "MobileNet": "mobilenet_v1_0.75_224.keras",
}
# A run of the model for each channel: on a few photos.
COSTLY = ("scorecam", "sscam", "iscam")
COSTLY_PHOTOS = 12
# Ten runs a channel: of those that vary most. All of them would take five minutes a photo.
SETTINGS = {"sscam": {"channels": 128}, "iscam": {"channels": 128}}
QUICK_PHOTOS, QUICK_COSTLY_PHOTOS, QUICK_CHANNELS = 6, 2, 16
AT_ONCE, COSTLY_AT_ONCE = 8, 4
# Cropped, as these models were trained.
RESIZE = "crop"
PICTURED = "coffee"
FINE = ("guidedbackprop", "deconvnet", "guidedgradcam", "Sobel edges")


@dataclass
class Model:
    """A model, and what it can be asked."""

    name: str
    keras: keras.Model
    photos: list[BoxedPhoto]
    inputs: np.ndarray
    asked: list[Question]
    black: np.ndarray
    forward: Callable[[np.ndarray], np.ndarray]

    def name_of(self, index: int) -> str:
        return self.photos[self.asked[index].photo].name


def opened(name: str, photos: list[BoxedPhoto]) -> Model:
    """Load a model and let it see all photos once."""
    model = tfviz.load_model(shared_folder() / "models" / MODELS[name])
    shape = model.input_shape[1:]
    inputs = tfviz.preprocess(model, [each.pixels for each in photos], resize=RESIZE)
    # An open batch axis, as ours: a graph for one batch size alone may run otherwise.
    traced = tf.function(
        lambda x: model(x, training=False),
        input_signature=[tf.TensorSpec((None, *shape), tf.float32)],
    )
    parts = [traced(inputs[i : i + 32]).numpy() for i in range(0, len(inputs), 32)]
    (black,) = tfviz.preprocess(model, [np.zeros((*shape[:2], 3), np.uint8)])
    return Model(
        name,
        model,
        photos,
        inputs,
        list(questions(photos, np.concatenate(parts))),
        black,
        lambda x: traced(x).numpy(),
    )


def spread(count: int, wanted: int) -> list[int]:
    """So many indices, evenly over all; always the same ones."""
    return sorted({round(each) for each in np.linspace(0, count - 1, min(wanted, count))})


def control(name: str, inputs: np.ndarray, seeds: Sequence[int]) -> np.ndarray:
    """Maps (batch, rows, columns) that never saw the model."""
    count, height, width = inputs.shape[:3]
    if name == "random map":
        cells = (7, 7)  # as many as most maps have
        return np.stack([np.random.default_rng(each).random(cells) for each in seeds])
    if name == "centre blob":
        y, x = (np.linspace(-1, 1, each) for each in (height, width))
        # A standard deviation of a quarter of the side.
        blob = np.exp(-2 * (y[:, None] ** 2 + x[None] ** 2))
        return np.repeat(blob[None], count, axis=0)
    if name == "Sobel edges":
        gray, opencv = inputs.mean(axis=-1).astype(np.float32), cv2()
        slopes = [
            [opencv.Sobel(each, opencv.CV_32F, *axes) for axes in ((1, 0), (0, 1))] for each in gray
        ]
        return np.stack([np.hypot(*each) for each in slopes])
    assert name == "everything"
    return np.ones((count, height, width))


@dataclass
class Kept:
    """What is known of one method on one model, in a file that a later run goes on from."""

    path: Path
    key: dict[str, object]
    rows: dict[str, dict[str, float]] = field(default_factory=dict)
    ratios: list[list[float]] = field(default_factory=list)
    """[seconds over those of a forward pass, 1 where all was traced before]."""
    said: str = ""

    @classmethod
    def read(cls, path: Path, key: dict[str, object], again: bool) -> Kept:
        if path.exists() and not again:
            found = json.loads(path.read_text())
            if found["key"] == key:
                return cls(path, key, found["rows"], found["ratios"], found["said"])
        return cls(path, key)

    def write(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        found = {name: getattr(self, name) for name in ("key", "said", "ratios", "rows")}
        write_text(self.path, json.dumps(found, indent=1))

    @property
    def cost(self) -> float | None:
        warm = [ratio for ratio, is_warm in self.ratios if is_warm]
        return statistics.median(warm or [ratio for ratio, _ in self.ratios] or [np.nan])


def key_of(method: str, settings: dict[str, int]) -> dict[str, object]:
    """What figures depend on; a change in what all methods share is not seen."""
    modules = [metrics.__name__]
    if method in FAMILY:
        modules.append(FAMILY[method].module)
    sources = "".join(_code_of(Path(importlib.util.find_spec(each).origin)) for each in modules)
    return {
        "settings": settings,
        "source": hashlib.sha256(sources.encode()).hexdigest()[:16],
        "tensorflow": tf.__version__,
        "keras": keras.__version__,
    }


def _code_of(path: Path) -> str:
    """A file without its words, which change no figure."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(getattr(node, "body", None), list):
            node.body = [
                each
                for each in node.body
                if not (isinstance(each, ast.Expr) and isinstance(each.value, ast.Constant))
            ]
    return ast.dump(tree)


def explain(model: Model, method: str, settings: dict[str, int], kept: Kept, wanted: list[int]):
    """Measure a method on the photos that are missing; what it says where it can't be applied."""
    missing = [i for i in wanted if model.name_of(i) not in kept.rows]
    if not missing or kept.said:
        return
    is_control = method in CONTROLS
    size = COSTLY_AT_ONCE if method in COSTLY else AT_ONCE
    explainer = None if is_control else METHODS[method](model.keras, **settings)
    warm = False
    for start in range(0, len(missing), size):
        part = missing[start : start + size]
        asked = [model.asked[i] for i in part]
        inputs = model.inputs[[each.photo for each in asked]]
        targets = [each.target for each in asked]
        if is_control:
            maps = control(method, inputs, [each.photo for each in asked])
        else:
            try:
                if not warm and method not in COSTLY:
                    explainer(inputs[:1], targets[:1])
                    warm = True
                before = forward_seconds(model, inputs)
                began = time.perf_counter()
                maps = explainer(inputs, targets).maps
                took = time.perf_counter() - began
                around = statistics.median(before + forward_seconds(model, inputs))
                kept.ratios.append([took / around, int(warm)])
                warm = True
            except TfvizError as error:
                kept.said = str(error)
                kept.write()
                return
        kept.rows |= measured(model, part, asked, inputs, maps)
        kept.write()


def forward_seconds(model: Model, inputs: np.ndarray) -> list[float]:
    model.forward(inputs)
    found = []
    for _ in range(3):
        began = time.perf_counter()
        model.forward(inputs)
        found.append(time.perf_counter() - began)
    return found


def measured(
    model: Model,
    part: list[int],
    asked: list[Question],
    inputs: np.ndarray,
    maps: np.ndarray,
) -> dict[str, dict[str, float]]:
    """Where maps lie, and what the model says of the photos seen through them."""
    size = inputs.shape[1:3]
    own = place(size, size, "stretch")
    through = metrics.seen_through(
        inputs, np.stack([to_photo(each, own) for each in maps]), model.black
    )
    # Both in one batch size: of another the last digits differ, and would count as an increase.
    before, after = model.forward(inputs), model.forward(through)
    rows = {}
    for n, (i, question) in enumerate(zip(part, asked, strict=True)):
        placement = place(question.inside.shape, size, RESIZE)
        heat = to_photo(maps[n], placement)
        rows[model.name_of(i)] = {
            "hit": metrics.pointing_hit(heat, question.inside),
            "energy": metrics.energy_in_box(heat, question.inside),
            "before": float(before[n, question.target]),
            "after": float(after[n, question.target]),
            "blank": float(maps[n].max() <= 0),
        }
    return rows


def picture(path: Path) -> None:
    """One photo in a grid: every method's map of MobileNetV2's answer, and three controls."""
    from PIL import Image

    from tfviz.draw import colorize, grid, normalize, overlay

    model = tfviz.load_model(shared_folder() / "models" / MODELS["MobileNetV2"])
    photo = tfviz.read_rgb(tfviz.sample_path(PICTURED))
    side = min(photo.shape[:2])
    left = (photo.shape[1] - side) // 2
    photo = photo[:side, left : left + side]
    inputs = tfviz.preprocess(model, [photo])
    maps = {}
    for name in FAMILY:
        try:
            found = METHODS[name](model, **SETTINGS.get(name, {}))(inputs)
        except TfvizError:
            continue
        maps[name] = found.maps[0]
        print(f"{name}: {found.targets[0]}", flush=True)
    for name in CONTROLS[:3]:
        maps[name] = control(name, inputs, [0])[0]
    size = inputs.shape[1:3]
    pictures = [photo]
    for name, heat in maps.items():
        # What speaks against the class isn't measured either.
        heat = np.maximum(to_photo(heat, place(photo.shape[:2], size, "stretch")), 0)
        if name in FINE:
            # Single pixels can't be seen on a photo: by themselves, the very strongest cut off.
            pictures.append(colorize(normalize(np.minimum(heat, np.percentile(heat, 99)))[0]))
        else:
            pictures.append(overlay(photo, heat))
    figure = grid(pictures, titles=["the photo", *maps], columns=7)
    figure.set_dpi(140)
    figure.canvas.draw()
    image = Image.fromarray(np.array(np.asarray(figure.canvas.buffer_rgba())[..., :3]))
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path, quality=85, optimize=True)
    print(f"wrote {path}  {image.width}x{image.height}  {path.stat().st_size / 1000:.0f} kB")


def chosen(names: str | None, known: Sequence[str]) -> list[str]:
    if names is None:
        return list(known)
    wanted = names.split(",")
    unknown = [each for each in wanted if each not in known]
    if unknown:
        raise SystemExit(f"{', '.join(unknown)}: none of {', '.join(known)}")
    return wanted


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="six photos, few channels")
    parser.add_argument("--photos", type=int, help="only so many, evenly over all")
    parser.add_argument("--methods", help="only these, separated by commas")
    parser.add_argument("--models", help=f"only these of {', '.join(MODELS)}")
    parser.add_argument("--again", action="store_true", help="forget what is known of the methods")
    parser.add_argument("--page", action="store_true", help="measure nothing, write the page")
    parser.add_argument("--picture", nargs="?", const=str(ROOT / "docs/pictures/family.jpg"))
    parser.add_argument("--out", help="the page; docs/methods-measured.md when all was measured")
    arguments = parser.parse_args()
    if arguments.picture:
        picture(Path(arguments.picture))
        return
    if not (shared_folder() / "coco").exists():
        raise SystemExit(f"no photos at {shared_folder()}: set TFVIZ_SHARED to their folder")
    quick = arguments.quick
    wanted = chosen(arguments.methods, [*CONTROLS, *FAMILY])
    folder = ROOT / "build" / ("methods-quick" if quick else "methods")
    photos = list(boxed_photos(shared_folder() / "coco"))
    found, failed = [], []
    models = [opened(name, photos) for name in chosen(arguments.models, list(MODELS))]
    number = arguments.photos or (QUICK_PHOTOS if quick else len(photos))
    few = QUICK_COSTLY_PHOTOS if quick else COSTLY_PHOTOS
    # The cheap ones of all models first: what takes long may be stopped.
    for method in sorted([*CONTROLS, *FAMILY], key=lambda each: each in COSTLY):
        for model in models:
            settings = {"channels": QUICK_CHANNELS} if quick else SETTINGS.get(method, {})
            settings = settings if method in COSTLY else {}
            everywhere = spread(len(model.asked), number)
            subset = [everywhere[i] for i in spread(len(everywhere), few)]
            again = arguments.again and method in wanted
            path = folder / model.name / f"{method.replace(' ', '-')}.json"
            kept = Kept.read(path, key_of(method, settings), again)
            began = time.perf_counter()
            if method in wanted and not arguments.page:
                try:
                    explain(
                        model,
                        method,
                        settings,
                        kept,
                        subset if method in COSTLY else everywhere,
                    )
                except Exception as error:  # one broken method must not cost the others
                    print(f"{model.name} {method}: {type(error).__name__}: {error}", flush=True)
                    failed.append(f"{method} ({model.name})")
                    continue
                took = time.perf_counter() - began
                print(f"{model.name} {method}: {len(kept.rows)} photos, {took:.0f} s", flush=True)
            found.append(
                Measured(
                    model=model.name,
                    method=method,
                    settings=settings,
                    costly=method in COSTLY,
                    rows=kept.rows,
                    cost=kept.cost,
                    said=kept.said,
                    photos=[model.name_of(i) for i in everywhere],
                    subset=[model.name_of(i) for i in subset],
                )
            )
    missing = [f"{each.method} ({each.model})" for each in found if each.missing] + failed
    complete = not missing and not quick and len(models) == len(MODELS)
    complete &= arguments.photos is None
    out = ROOT / "docs" / "methods-measured.md" if complete else folder / "page.md"
    out = Path(arguments.out or out)
    if missing:
        print(f"not measured: {', '.join(missing)}")
    if any(each.missing and each.method in (REFERENCE, *CONTROLS) for each in found):
        print("no page: everything in it is compared with Grad-CAM and the controls")
    else:
        write_text(out, page(found))
        print(f"wrote {out}")
    if failed:
        sys.exit(1)


if __name__ == "__main__":
    main()
