"""The collapse as a page to step through."""

from __future__ import annotations

from tfviz.draw.stepping import Step, stepping_page
from tfviz.draw.svg import Svg, text_width
from tfviz.learn.losses.collapse import AGREES, SigmoidCollapse, SoftmaxCollapse, collapse_numbers
from tfviz.learn.palette import BLUE, FAINT, GREEN, HAIR, INK, ORANGE
from tfviz.learn.twin import plain

WIDTH, HEIGHT = 880.0, 190.0
KEYS = "Values flow to the right, in blue; gradients flow back to the left, in orange."


def sigmoid_page(found: SigmoidCollapse) -> str:
    """The page of one logit.

    Args:
        found: By `sigmoid_collapse`.
    """
    by_a, by_z, whole = found.factors
    nodes = (
        ("z", "the logit", found.z),
        ("a = sigmoid(z)", "the probability", found.a),
        ("L", "cross-entropy", found.loss),
    )
    steps = [
        Step(
            "Forward: logit, probability, loss",
            _chain(nodes, ()),
            f"Three boxes in a row. z is {found.z:.4g}, a is {found.a:.4g}, L is {found.loss:.4g}.",
            (
                f"The logit z = {found.z:.4g} becomes a = 1 / (1 + exp(-z)) = {found.a:.6g}.",
                f"The label is y = {found.y:g}. The loss is L = -(y log a + (1 - y) log(1 - a)) "
                f"= {found.loss:.6g}.",
            ),
        ),
        Step(
            "Back through the loss: dL/da",
            _chain(nodes, (("", 0.0), ("dL/da", by_a.value), ("dL/dL", 1.0))),
            f"An arrow from L back to a carries dL/da, {by_a.value:.4g}.",
            (
                "The derivative of the loss: dL/da = -y / a + (1 - y) / (1 - a), "
                "which is (a - y) / (a (1 - a)) on one fraction.",
                f"With numbers: ({found.a:.6g} - {found.y:g}) / ({found.a:.6g} * "
                f"{1 - found.a:.6g}) = {by_a.value:.6g}.",
                _tick(by_a.value, by_a.tape),
            ),
        ),
        Step(
            "Back through the sigmoid: da/dz",
            _chain(
                nodes,
                (("", 0.0), ("dL/da", by_a.value), ("dL/dL", 1.0)),
                slope=f"da/dz = {by_z.value:.4g}",
            ),
            f"The next arrow, from a back to z, is labelled with the slope of the sigmoid, "
            f"{by_z.value:.4g}.",
            (
                "The sigmoid's own slope: da/dz = a (1 - a).",
                f"With numbers: {found.a:.6g} * {1 - found.a:.6g} = {by_z.value:.6g}.",
                _tick(by_z.value, by_z.tape),
            ),
        ),
        Step(
            "Multiply, and a (1 - a) cancels",
            _chain(
                nodes,
                (("dL/dz", whole.value), ("dL/da", by_a.value), ("dL/dL", 1.0)),
            ),
            f"The gradient that arrives at z is {whole.value:.4g}, the same as a - y.",
            (
                "The denominator of the first factor is the second factor:",
                f"{by_a.value:.6g} * {by_z.value:.6g} = {whole.value:.6g}, and a - y = "
                f"{found.a:.6g} - {found.y:g} = {found.short:.6g}.",
                _tick(whole.value, whole.tape),
                f"Keras, from logits, gives {found.keras:.6g}.",
            ),
            code="dL/dz = (a - y) / (a (1 - a))  *  a (1 - a)  =  a - y",
        ),
        Step(
            "Why it matters: far out",
            "",
            "",
            (
                "One factor explodes while the other vanishes; their product stays between "
                "-1 and 1, and is largest where the answer is most wrong.",
                "With squared error there is nothing to cancel a (1 - a): the gradient is "
                "2 (a - y) a (1 - a), and dies where the answer is most wrong.",
            ),
            table=(
                ("z", "dL/da", "da/dz", "product", "a - y", "with squared error"),
                *(tuple(_number(each) for each in row) for row in found.far),
            ),
        ),
    ]
    return stepping_page(
        "Sigmoid with cross-entropy: the gradient is a - y",
        steps,
        intro=(KEYS,),
        notes=(
            "Computed in float64 by the formulas and by TensorFlow's tape; a tick means that they "
            f"agree within {AGREES:g}.",
        ),
        data=plain(collapse_numbers(found)),
    )


def softmax_page(found: SoftmaxCollapse) -> str:
    """The page of a row of logits.

    Args:
        found: By `softmax_collapse`.
    """
    count, label = len(found.z), found.label
    classes = range(count)
    off = found.furthest
    heads = tuple(f"j = {j}" for j in classes)
    sums = found.terms.sum(axis=0)
    steps = [
        Step(
            "Forward: logits, probabilities, loss",
            _bars(found, gradient=False),
            "Bars of the probabilities: "
            + ", ".join(f"class {i} {found.p[i]:.3f}" for i in classes)
            + ".",
            (
                "p_i = exp(z_i) / (sum of all exp(z_j)); together they are 1.",
                f"The right class is {label}, so only its probability counts: "
                f"L = -log p_{label} = -log {found.p[label]:.6g} = {found.loss:.6g}.",
            ),
            table=(
                ("class", "z", "p", "y"),
                *(
                    (str(i), f"{found.z[i]:.4g}", f"{found.p[i]:.6f}", f"{found.y[i]:g}")
                    for i in classes
                ),
            ),
        ),
        Step(
            "Back through the loss: dL/dp_i = -y_i / p_i",
            "",
            "",
            (
                f"Only p_{label} stands in the loss: -1 / {found.p[label]:.6g} = "
                f"{found.by_p[label]:.6g}; the others have 0.",
                _tick_off(off["by_p"]),
            ),
            table=(
                ("class", "dL/dp by the rule", "by the tape"),
                *((str(i), _number(found.by_p[i]), _number(found.by_p_tape[i])) for i in classes),
            ),
        ),
        Step(
            "Back through softmax: dp_i/dz_j = p_i (d_ij - p_j)",
            "",
            "",
            (
                "Every logit moves every probability: raising z_j raises p_j and lowers all "
                "others. Row i, column j:",
                _tick_off(off["jacobian"]),
            ),
            table=(
                ("", *heads),
                *((f"p_{i}", *(f"{each:.4f}" for each in found.jacobian[i])) for i in classes),
            ),
        ),
        Step(
            "Sum over the paths",
            "",
            "",
            (
                "z_j reaches the loss through every p_i. Each path has dL/dp_i * dp_i/dz_j; the "
                "gradient is their sum, down each column. Only the path through the right class "
                f"is not 0, and there -1 / p_{label} cancels p_{label}.",
                _tick_off(off["sum_of_terms"]),
            ),
            table=(
                ("", *heads),
                *(
                    (f"through p_{i}", *(f"{each + 0.0:.4f}" for each in found.terms[i]))
                    for i in classes
                ),
                ("sum = dL/dz_j", *(f"{each:.4f}" for each in sums)),
            ),
        ),
        Step(
            "What is left: p - y",
            _bars(found, gradient=True),
            "Bars of dL/dz: "
            + ", ".join(f"class {i} {found.short[i]:+.3f}" for i in classes)
            + ". Only that of the right class is negative.",
            (
                f"The right class keeps p_{label} - 1, the others p_j: each logit is pulled in "
                "proportion to how far its probability is from the label. They add up to 0.",
                _tick_off(max(off["short"], off["keras"]), "Keras from logits"),
            ),
            code="dL/dz_j = -(1 / p_y) * p_y (d_yj - p_j)  =  p_j - y_j",
        ),
        Step(
            "A trap: Keras's dL/dp is another",
            "",
            "",
            (
                "Given probabilities, Keras first divides them by their sum. Its gradient by p is "
                "then 1 - y_i / p_i in place of -y_i / p_i. The 1 vanishes on the way through "
                "softmax, whose columns add up to 0: dL/dz is the same p - y.",
            ),
            table=(
                ("class", "-y / p", "1 - y / p", "Keras's dL/dp by the tape"),
                *(
                    (
                        str(i),
                        _number(found.by_p[i]),
                        _number(1 + found.by_p[i]),
                        _number(found.keras_by_p[i]),
                    )
                    for i in classes
                ),
            ),
        ),
    ]
    return stepping_page(
        "Softmax with cross-entropy: the gradient is p - y",
        steps,
        notes=(
            "Computed in float64 by the formulas and by TensorFlow's tape; a tick means that they "
            f"agree within {AGREES:g}. d_ij is 1 where i = j, else 0.",
        ),
        data=plain(collapse_numbers(found)),
    )


def _tick(value: float, tape: float) -> str:
    good = abs(value - tape) <= AGREES * max(1.0, abs(value))
    return f"{'✓' if good else '✗'} The tape gives {tape:.6g}."


def _tick_off(off: float, whom: str = "The tape") -> str:
    good = off <= AGREES
    agrees = "gives the same" if good else "gives something else"
    return f"{'✓' if good else '✗'} {whom} {agrees} (furthest apart: {off:.0e})."


def _number(value: float) -> str:
    return f"{value + 0.0:.4g}"


def _chain(
    nodes: tuple[tuple[str, str, float], ...],
    gradients: tuple[tuple[str, float], ...],
    slope: str = "",
) -> str:
    """Boxes in a row: values go forward, gradients back; a slope between the first two."""
    picture = Svg(WIDTH, HEIGHT, "the chain from the logit to the loss")
    wide, high, top = 200.0, 92.0, 20.0
    gap = (WIDTH - 40 - len(nodes) * wide) / (len(nodes) - 1)
    for place, (name, told, value) in enumerate(nodes):
        left = 20 + place * (wide + gap)
        middle = left + wide / 2
        picture.box(left, top, wide, high, fill="#ffffff", stroke=INK, radius=10, thick=1.6)
        picture.text(middle, top + 30, name, size=20, anchor="middle", bold=True)
        picture.text(middle, top + 53, told, size=15, anchor="middle", fill=FAINT)
        picture.text(middle, top + 79, f"{value:.4g}", size=20, anchor="middle", fill=BLUE)
        if place:
            picture.line(
                [(left - gap + 4, top + 30), (left - 4, top + 30)], stroke=BLUE, thick=2, arrow=True
            )
        if gradients and gradients[place][0]:
            name, gradient = gradients[place]
            text = f"{name} = {gradient:.4g}"
            picture.text(
                middle, top + high + 34, text, size=19, anchor="middle", fill=ORANGE, bold=True
            )
            if place < len(nodes) - 1:
                picture.line(
                    [(left + wide + gap - 4, top + 66), (left + wide + 4, top + 66)],
                    stroke=ORANGE,
                    thick=2,
                    arrow=True,
                )
    if slope:
        picture.text(
            20 + wide + gap / 2,
            # A row below the gradients, which are as wide as their boxes.
            top + high + 62,
            slope,
            size=19,
            anchor="middle",
            fill=GREEN,
            bold=True,
        )
        picture.line(
            [(20 + wide + gap - 4, top + 66), (20 + wide + 4, top + 66)],
            stroke=GREEN,
            thick=2,
            arrow=True,
        )
    return str(picture)


def _bars(found: SoftmaxCollapse, *, gradient: bool) -> str:
    """Probabilities, and where asked the gradient of each logit beside them."""
    picture = Svg(WIDTH, 60 + 46.0 * len(found.z), "bars, one row a class")
    zero, scale = (300.0, 230.0) if gradient else (120.0, 560.0)
    values = found.short if gradient else found.p
    told = "dL/dz = p - y" if gradient else "p"
    picture.text(zero, 28, told, size=18, fill=ORANGE if gradient else BLUE, bold=True)
    for i, value in enumerate(values):
        top = 46 + 46.0 * i
        right = i == found.label
        picture.text(
            20,
            top + 22,
            f"class {i}" + (" ✓" if right else ""),
            size=17,
            bold=right,
            fill=GREEN if right else INK,
        )
        length = scale * abs(float(value))
        left = zero - length if value < 0 else zero
        picture.box(left, top, max(length, 1.0), 30, fill=ORANGE if gradient else BLUE, radius=3)
        text = f"{value:+.4f}" if gradient else f"{value:.4f}"
        picture.text(zero + 12 if value < 0 else left + length + 10, top + 22, text, size=17)
        if gradient:
            words = f"{found.p[i]:.4f} - {found.y[i]:g}"
            picture.text(WIDTH - 20 - text_width(words, 17), top + 22, words, size=17, fill=FAINT)
    picture.line([(zero, 38), (zero, 48 + 46.0 * len(values))], stroke=HAIR)
    return str(picture)
