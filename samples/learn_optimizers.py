"""Gradient descent and every optimizer of Keras, on surfaces whose shape is known.

    python samples/learn_optimizers.py               # pictures and pages in optimizers/
    python samples/learn_optimizers.py --quick       # fewer steps, fewer pictures

First a parabola at rates too small, right and too large. Then all optimizers on a ravine, Adam by
itself with what it keeps in mind, and the same question asked of your own update rule: a class of
eight lines takes part like any other.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras

from tfviz.learn.descents.lesson import descent
from tfviz.learn.optimizers.field import Entrant, find_entrants
from tfviz.learn.optimizers.lesson import optimizer
from tfviz.learn.optimizers.race import Track
from tfviz.learn.optimizers.surfaces import surface


class SignDescent(keras.optimizers.Optimizer):
    """Each weight goes one rate against the sign of its gradient."""

    def update_step(self, gradient, variable, learning_rate):
        rate = keras.ops.cast(learning_rate, variable.dtype)
        self.assign_sub(variable, rate * keras.ops.sign(gradient))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", default="optimizers", help="pictures, pages and numbers go here")
    parser.add_argument("--quick", action="store_true", help="fewer steps, fewer pictures")
    arguments = parser.parse_args()
    out, steps = Path(arguments.out), 100 if arguments.quick else 500

    parabola = descent("square")
    print(parabola, "\n")
    parabola.save(out, ("png", "html", "json"))

    race = optimizer(surface="ravine", steps=steps, tune=not arguments.quick)
    print(race, "\n")
    race.save(out, ("png", "html", "json"))
    optimizer("Adam", steps=steps).save(out)

    ravine = surface("ravine")
    mine = Entrant("SignDescent", lambda rate: SignDescent(rate), by_slope=False, rate=0.02)
    for run in Track([mine, *find_entrants(["Lion"])], ravine, steps).run([0.02, 0.02]):
        print(f"{run.name:<12} gap {run.gaps[0]:.3g} -> {run.gaps[-1]:.3g} in {steps} steps")

    if not arguments.quick:
        for name in ("rosenbrock", "saddle", "noisy"):
            few = optimizer(["SGD", "Momentum", "Adam", "Lion"], surface=name, tune=True)
            few.save(out, ("png", "html", "json"))
        table = optimizer(surface="all", tune=True)
        print("\n", table, sep="")
        table.save(out)
        print("wrote", optimizer(["SGD", "Momentum", "Adam"]).save_gif(out / "race.gif"))
    print(f"\nwrote pictures and pages to {out}")


if __name__ == "__main__":
    main()
