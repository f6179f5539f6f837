"""One real training step, op by op, and what goes wrong in a tape loop.

    python samples/learn_step.py
    python samples/learn_step.py --model my.keras --photo dog.jpg --label dog --out lessons

Runs one training step of a classifier on one photo: the tree of layers with the norm of each value
and gradient, the ops of one layer with their local rules and numbers, and pages to step through
from the loss backwards. Then ten mistakes of a tape loop, each really made.
"""

from __future__ import annotations

import argparse
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import tfviz
from tfviz.learn.steps.data import load_compiled, photo


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="everyday10", help="a name or a .keras file")
    parser.add_argument("--photo", default="sample:cat", help="an image file")
    parser.add_argument("--label", default="cat", help="the photo's class, by name or index")
    parser.add_argument("--layer", help="whose ops to show; that of the largest gradient")
    parser.add_argument("--out", default="lessons", help="results go here")
    parser.add_argument("--quick", action="store_true", help="without finite differences")
    arguments = parser.parse_args()

    model = load_compiled(arguments.model)
    given = photo(model, arguments.photo, arguments.label)
    lesson = tfviz.learn.step(model, given.x, given.y, given.loss, checks=not arguments.quick)
    print(lesson)

    weights = {each.path: each for each in lesson.weights}
    trained = [each for each in lesson.layers if any(weights[w].gradient for w in each.weights)]
    steepest = max(trained, key=lambda each: max(weights[w].gradient.norm for w in each.weights))
    opened = lesson.layer(arguments.layer or steepest.path)
    print(f"\n{opened}")

    mistakes = tfviz.learn.tape()
    print(f"\n{mistakes}")
    for each in (lesson, opened, mistakes):
        for path in each.save(arguments.out, ["png", "html", "json"]):
            print(f"wrote {path}")


if __name__ == "__main__":
    main()
