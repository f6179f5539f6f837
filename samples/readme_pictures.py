"""Make the pictures of the README and the guides.

    python samples/readme_pictures.py                  # into docs/pictures
    python samples/readme_pictures.py --quick --out /tmp/pictures
    python samples/readme_pictures.py --out mine --model my.keras

The photos come with scikit-image and are free of copyright: Chelsea the cat, by Stefan van der
Walt (CC0); astronaut Eileen Collins, by NASA (public domain); a rocket on its launch pad, by SpaceX
(public domain); a cup of coffee, by Rachel Michetti (CC0). The model is everyday10. Where Keras has
ImageNet weights of MobileNetV2 in its cache, or --model names another model (with --weights, when
that is an architecture), `imagenet.jpg` is made with that one too; nothing is downloaded.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np
from PIL import Image

import tfviz
from tfviz.draw import grid
from tfviz.files import find_images
from tfviz.jobs.heatmap import HeatmapJob
from tfviz.jobs.results import HeatmapSettings

WIDTH = 1400
# A page of pictures should load at once.
MOST_BYTES = 300_000


def photo_of(name: str) -> np.ndarray:
    return tfviz.read_rgb(tfviz.sample_path(name))


def write(picture: np.ndarray, path: Path) -> None:
    """A JPEG of at most `WIDTH` pixels across."""
    image = Image.fromarray(picture)
    if image.width > WIDTH:
        image = image.resize((WIDTH, round(image.height * WIDTH / image.width)), Image.LANCZOS)
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path, quality=88, optimize=True)
    size = path.stat().st_size
    print(f"wrote {path}  {image.width}x{image.height}  {size / 1000:.0f} kB")
    if size > MOST_BYTES:
        raise SystemExit(f"{path} has {size:,} bytes; a picture of a page may have {MOST_BYTES:,}.")


def drawn(pictures: list[np.ndarray], titles: list[str], columns: int) -> np.ndarray:
    """A grid as pixels, at the resolution of a good screen."""
    figure = grid(pictures, titles=titles, columns=columns)
    figure.set_dpi(140)
    figure.canvas.draw()
    return np.array(np.asarray(figure.canvas.buffer_rgba())[..., :3])


def first_command(model) -> np.ndarray:
    """What `tfviz heatmap sample:cat --save panel` writes."""
    with tempfile.TemporaryDirectory() as folder:
        settings = HeatmapSettings(save=("panel",))
        (result,) = HeatmapJob(model, find_images(["sample:cat"]), folder, settings).run()
        return tfviz.read_rgb(Path(folder) / result.files[0])


def three_questions(model) -> np.ndarray:
    """One photo, three targets: what speaks for each answer stands in another place."""
    photo = photo_of("astronaut")
    inputs = tfviz.preprocess(model, [photo])
    cam = tfviz.GradCAM(model)
    pictures, titles = [photo], ["the photo"]
    for name in ("dog", "truck", "airplane"):
        explanation = cam(inputs, name, images=[photo])
        said = dict(explanation.probabilities(0))[name]
        pictures += explanation.overlay()
        titles.append(f"{name}?  {said:.1%}, peak {explanation.maps.max():.2f}")
    return drawn(pictures, titles, columns=4)


def methods_and_layers(model) -> np.ndarray:
    """Grad-CAM and HiResCAM, each at the layer that is taken by itself and at an earlier one."""
    photo = photo_of("cat")
    inputs = tfviz.preprocess(model, [photo])
    pictures, titles = [], []
    for layer in ("block8_out", "block16_out"):
        for method in (tfviz.GradCAM, tfviz.HiResCAM):
            explanation = method(model, layer)(inputs, images=[photo])
            pictures += explanation.overlay()
            titles.append(f"{method.name} at {layer}")
    return drawn(pictures, titles, columns=4)


def three_ways_to_resize(model) -> np.ndarray:
    """What the model is shown decides where it can look: parts it never saw are gray."""
    photo = photo_of("rocket")
    pictures, titles = [photo], ["the photo"]
    for how in ("stretch", "crop", "letterbox"):
        inputs = tfviz.preprocess(model, [photo], resize=how)
        explanation = tfviz.GradCAM(model)(inputs, "truck", images=[photo])
        pictures += explanation.overlay(resize=how)
        titles.append(f"{how}: score {explanation.scores[0]:.1f}")
    return drawn(pictures, titles, columns=4)


def thousand_classes(model) -> np.ndarray:
    """The same photos through a model that knows more."""
    photos = [photo_of(name) for name in ("cat", "coffee", "rocket")]
    explanation = tfviz.GradCAM(model)(tfviz.preprocess(model, photos), images=photos)
    titles = [
        f"{explanation.probabilities(i)[0][0]}  {explanation.probabilities(i)[0][1]:.0%}"
        for i in range(len(photos))
    ]
    return drawn(explanation.overlay(), titles, columns=3)


def cached_imagenet() -> bool:
    """Whether Keras has the weights of MobileNetV2 at hand, so that none are downloaded."""
    folder = Path(os.environ.get("KERAS_HOME", Path.home() / ".keras")) / "models"
    return any(folder.glob("mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224*.h5"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", help="the pictures go here; docs/pictures by default")
    parser.add_argument("--model", help="one more model, of ImageNet's classes, for imagenet.jpg")
    parser.add_argument("--weights", help="weights for --model, where it names an architecture")
    parser.add_argument("--quick", action="store_true", help="only the first two pictures")
    arguments = parser.parse_args()
    out = Path(arguments.out or Path(__file__).parents[1] / "docs" / "pictures")

    everyday = tfviz.load_model("everyday10")
    write(first_command(everyday), out / "cat.jpg")
    write(three_questions(everyday), out / "questions.jpg")
    if arguments.quick:
        return
    write(methods_and_layers(everyday), out / "methods.jpg")
    write(three_ways_to_resize(everyday), out / "resize.jpg")
    if arguments.model or cached_imagenet():
        name = arguments.model or "MobileNetV2"
        write(
            thousand_classes(tfviz.load_model(name, weights=arguments.weights)),
            out / "imagenet.jpg",
        )


if __name__ == "__main__":
    main()
