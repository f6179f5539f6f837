"""What convolutions look at: tap by tap, through a whole network, and where they deform.

    python samples/learn_convolution.py              # pictures and pages in convolutions/
    python samples/learn_convolution.py --quick      # smaller networks, a shorter training

A convolution with a stride over a piece of the cat; the receptive fields of a few layers of a
network, as far as they can see and as far as they look; and a deformable layer that learns, in
seconds, which way up pieces of the cat are.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import tfviz
from tfviz.learn.convolutions.deformable import deformable
from tfviz.learn.convolutions.receptive import receptive_field
from tfviz.learn.convolutions.seen import convolution
from tfviz.zoo.loading import load_structure


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", default="convolutions", help="pictures, pages and numbers go here")
    parser.add_argument("--quick", action="store_true", help="smaller, shorter")
    arguments = parser.parse_args()
    out, cat = Path(arguments.out), tfviz.sample_path("cat")

    for lesson in (
        convolution(strides=2, size=8),
        convolution(cat, kernel="edge"),
        convolution(dilation_rate=2, kernel="count"),
    ):
        print(lesson, "\n")
        lesson.save(out, ("png", "html", "json"))

    name = "everyday10" if arguments.quick else "MobileNetV2"
    model = load_structure(name)
    layers = [each.path for each in tfviz.layers_of(model).candidates]
    print(f"{name}, the unit in the middle of a few layers:")
    print(f"{'layer':<28}{'can see':>9}{'half within':>13}{'95% within':>12}")
    for layer in layers[:: max(1, len(layers) // 6)]:
        found = receptive_field(model, layer)
        height, width = found.box_size
        print(
            f"{layer:<28}{f'{height}x{width}':>9}{found.radius(0.5):>10.1f} px"
            f"{found.radius(0.95):>9.1f} px"
        )
    found.save(out)

    looked = deformable(cat, steps=10 if arguments.quick else 150)
    print(f"\n{looked}")
    looked.save(out)
    print(f"\nwrote pictures and pages to {out}")


if __name__ == "__main__":
    main()
