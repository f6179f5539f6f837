"""The library in ten lines: a photo, a model, a map of why the model says what it says.

    python samples/heatmap_from_python.py
    python samples/heatmap_from_python.py --photo dog.jpg --model my.keras --out why

Prints what was explained, at which layer and from which score, and writes the raw map, the overlay
and `explanation.json`.
"""

from __future__ import annotations

import argparse
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import tfviz


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photo", help="an image file; the cat of scikit-image by default")
    parser.add_argument("--model", default="everyday10", help="a name or a .keras file")
    parser.add_argument("--out", default="heatmaps", help="results go here")
    parser.add_argument("--quick", action="store_true", help="the same: it is quick as it is")
    arguments = parser.parse_args()

    photo = tfviz.read_rgb(arguments.photo or tfviz.sample_path("cat"))
    model = tfviz.load_model(arguments.model)
    inputs = tfviz.preprocess(model, [photo])

    explanation = tfviz.GradCAM(model)(inputs, images=[photo])
    print(explanation)
    print(f"this layer, because it is {explanation.layer.reason}")
    for name, probability in explanation.probabilities(0)[:3]:
        print(f"{probability:8.2%}  {name}")

    second = tfviz.GradCAM(model)(inputs, "top2")
    print(f"the runner-up, {second.targets[0]}, peaks at {second.maps.max():.3f}")
    print(f"the winner, {explanation.targets[0]}, peaks at {explanation.maps.max():.3f}")

    for path in explanation.save(arguments.out):
        print(f"wrote {path}")


if __name__ == "__main__":
    main()
