"""What is written about each activation: its formula, and one sentence to remember."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Fact:
    """Words about an activation.

    Attributes:
        formula: f(x) in plain letters.
        told: One sentence.
    """

    formula: str
    told: str


FACTS = {
    "celu": Fact(
        "x for x > 0, else alpha (exp(x / alpha) - 1)", "ELU made smooth for every alpha."
    ),
    "elu": Fact("x for x > 0, else alpha (exp(x) - 1)", "A ReLU whose left side levels out."),
    "exponential": Fact("exp(x)", "Positive outputs for rates and scales; grows without end."),
    "gelu": Fact(
        "x Phi(x), Phi the normal distribution",
        "x times the chance that a normal number is below it.",
    ),
    "hard_shrink": Fact("x for |x| > threshold, else 0", "Keeps what is large, with a jump."),
    "hard_sigmoid": Fact("relu6(x + 3) / 6", "A sigmoid of three straight lines."),
    "hard_silu": Fact("x relu6(x + 3) / 6", "SiLU for small devices, also called hard swish."),
    "hard_tanh": Fact("x cut off at -1 and 1", "A tanh of three straight lines."),
    "leaky_relu": Fact("x for x > 0, else negative_slope x", "A ReLU that never quite dies."),
    "linear": Fact("x", "No activation: layers in a row stay one linear map."),
    "log_sigmoid": Fact("log(1 / (1 + exp(-x)))", "The log of a probability, computed safely."),
    "mish": Fact("x tanh(log(1 + exp(x)))", "Smooth, with a dip left of zero."),
    "prelu": Fact("x for x > 0, else alpha x", "A leaky ReLU whose slope alpha is learned."),
    "relu": Fact("max(x, 0)", "The default of hidden layers; dead where x < 0."),
    "relu6": Fact("min(max(x, 0), 6)", "A ReLU that stops at 6, for low precision."),
    "selu": Fact("1.0507 elu(x, alpha=1.6733)", "Keeps mean 0 and variance 1 by itself."),
    "sigmoid": Fact("1 / (1 + exp(-x))", "A probability from a logit; saturates on both sides."),
    "silu": Fact("x / (1 + exp(-x))", "x times its own sigmoid, also called swish."),
    "soft_shrink": Fact(
        "x moved towards 0 by threshold, 0 between", "Shrinks all; small ones vanish."
    ),
    "softplus": Fact("log(1 + exp(x))", "A ReLU with its corner rounded off."),
    "softsign": Fact("x / (1 + |x|)", "Like tanh, but saturates slowly."),
    "sparse_plus": Fact("0, (x + 1)^2 / 4, x, joined at -1 and 1", "Softplus with exact zeros."),
    "sparse_sigmoid": Fact("0, (x + 1) / 2, 1, joined at -1 and 1", "Sigmoid with exact ends."),
    "squareplus": Fact("(x + sqrt(x^2 + b)) / 2", "Like softplus, without exp and log."),
    "step": Fact("1 for x >= 0, else 0", "What the first neurons did; it can't be trained."),
    "tanh": Fact("(exp(x) - exp(-x)) / (exp(x) + exp(-x))", "A sigmoid around zero."),
    "tanh_shrink": Fact("x - tanh(x)", "Flat in the middle, the line x far out."),
    "threshold": Fact("x for x > threshold, else default_value", "Off, then on with a jump."),
    "softmax": Fact("p_i = exp(z_i) / sum_j exp(z_j)", "Logits to probabilities."),
    "log_softmax": Fact("z_i - log(sum_j exp(z_j))", "The log of softmax, computed safely."),
    "sparsemax": Fact("p_i = max(z_i - tau, 0), tau so that they add up to 1", "Exact zeros."),
    "glu": Fact("a / (1 + exp(-b)), the input being a and b in a row", "A gate with a line in."),
}
"""Activations that Keras may add later have no entry, and are shown all the same."""
