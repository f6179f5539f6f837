"""Back-propagation by hand: through expressions, and through two worked nets.

    python samples/learn_backprop.py            # files go to lessons/
    python samples/learn_backprop.py --quick    # fewer steps of training, fewer pictures

No TensorFlow is needed, and none is loaded, but for the last line: there its tape is asked.
"""

from __future__ import annotations

import argparse
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from tfviz.learn.expressions.lesson import backprop
from tfviz.learn.nets.worked import worked_net

NEURON = "f = 1/(1 + exp(-(w0*x0 + w1*x1 + w2)))"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", default="lessons", help="where the files go")
    parser.add_argument("--quick", action="store_true", help="less training, fewer pictures")
    arguments = parser.parse_args()
    formats = ["html", "json"] if arguments.quick else ["png", "svg", "html", "json"]
    steps = 100 if arguments.quick else 10_000

    first = backprop("e = (a + b) * (b + 1)", a=2, b=1)
    print(first)
    first.save(arguments.out, formats)

    neuron = backprop(NEURON, w0=2, x0=-1, w1=-3, x1=-2, w2=-3)
    print(f"\n{NEURON}")
    for name, gradient in neuron.gradients.items():
        print(f"  df/d{name} = {gradient:.6f}")
    sigmoid = neuron.collapses[0]
    print(
        f"  four nodes make a sigmoid: {sigmoid.product:.9f} = y(1 - y) = {sigmoid.short_form:.9f}"
    )
    neuron.save(arguments.out, formats)

    net = worked_net("2-2-2", steps=steps)
    print(f"\n2-2-2 net: error {net.forward.error:.9f}, after one step {net.error_after:.9f},")
    print(f"  after {steps} steps {net.training.errors[-1]:.10f}")
    net.save(arguments.out, formats)

    layers = worked_net("three-layer", steps=steps // 10, regularisation=1.0)
    print("\nThree layers, gradients apart from differences: {:.0e} {:.0e}".format(
        *layers.disagreement))  # fmt: skip
    layers.save(arguments.out, formats)

    kinked = backprop("y = relu(a) + max(a, b)", a=0.0, b=0.0, tape=True)
    print("\nAt a kink, ours and TensorFlow's:", kinked.gradients)
    print(" ", {kinked.graph.nodes[i].name: kinked.tape[i] for i in kinked.graph.inputs})


if __name__ == "__main__":
    main()
