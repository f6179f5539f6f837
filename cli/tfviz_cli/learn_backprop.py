"""`tfviz learn backprop`: through an expression, or through a worked net."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import click

from tfviz_cli.learn_options import saving_options, write
from tfviz_cli.waiting import loading

if TYPE_CHECKING:
    from tfviz.learn.lesson import Lesson

OPTIONS = {
    "inputs": "input",
    "targets": "target",
    "weights": "weights",
    "biases": "biases",
    "update_bias": "update-bias",
}


class Formulas(click.Command):
    """A command whose arguments may begin with a minus, as formulas do."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """All options here have two hyphens, but for -h."""
        # A blank before a formula makes no difference to it.
        return super().parse_args(ctx, [f" {each}" if _is_formula(each) else each for each in args])


def _is_formula(text: str) -> bool:
    return text[:1] == "-" and text[:2] != "--" and text != "-h"


@click.command("backprop", cls=Formulas)
@click.argument("expression", required=False)
@click.argument("values", nargs=-1, metavar="[NAME=NUMBER]...")
@click.option("--tape", is_flag=True, help="Ask TensorFlow's tape as well (it takes seconds).")
@click.option("--net", metavar="NAME", help="A worked net instead: 2-2-2 or three-layer.")
@click.option("--input", "inputs", metavar="X,...", help="The net's inputs.")
@click.option("--target", "targets", metavar="T,...", help="What its outputs should be.")
@click.option("--weights", metavar="W,...", help="w1 to w8 of the 2-2-2 net.")
@click.option("--biases", metavar="B1,B2", help="Those of the 2-2-2 net.")
@click.option("--rate", type=float, help="The learning rate.  [default: 0.5]")
@click.option(
    "--steps", type=int, help="How many steps to train.  [default: 10000; three-layer: 1000]"
)
@click.option("--update-bias", is_flag=True, help="Train the biases of the 2-2-2 net as well.")
@click.option("--regularisation", type=float, help="Lambda of the three-layer net.  [default: 0]")
@saving_options("html,json")
def command(
    expression: str | None,
    values: tuple[str, ...],
    tape: bool,
    net: str | None,
    inputs: str | None,
    targets: str | None,
    weights: str | None,
    biases: str | None,
    rate: float | None,
    steps: int | None,
    update_bias: bool,
    regularisation: float | None,
    out: str,
    save: str,
) -> None:
    """Draw back-propagation through EXPRESSION: values forward, gradients backward, checked.

    There are + - * / **, parentheses, exp, log, sigmoid, tanh, relu and max. A ';' parts several
    formulas; one with a name can be used in the next, and is then one node of the graph.

    \b
    tfviz learn backprop "e = (a + b) * (b + 1)" a=2 b=1
    tfviz learn backprop "s = 1/(1 + exp(-x))" x=0.5 --save png,html
    tfviz learn backprop "c = a*b; e = c*c + relu(c)" a=2 b=-1
    tfviz learn backprop --net 2-2-2
    """
    lists = {"inputs": inputs, "targets": targets, "weights": weights, "biases": biases}
    others = {
        "rate": rate,
        "steps": steps,
        "update_bias": update_bias or None,
        "regularisation": regularisation,
    }
    given: dict[str, Any] = {**lists, **others}
    given = {name: value for name, value in given.items() if value is not None}
    if (expression is None) == (net is None):
        raise click.UsageError(
            'Give an expression, as in "e = (a + b) * (b + 1)" a=2 b=1, or --net 2-2-2'
            f"{', not both' if net else ''}."
        )
    if expression is not None and given:
        option = OPTIONS.get(next(iter(given)), next(iter(given)))
        raise click.UsageError(f"--{option} belongs to a worked net; add --net 2-2-2.")
    from tfviz.learn.expressions.given import read_list, read_values

    with loading("Loading TensorFlow") if tape else contextlib.nullcontext():
        lesson: Lesson
        if expression is not None:
            from tfviz.learn.expressions.lesson import Backprop

            lesson = Backprop.of(expression, read_values(values), tape=tape)
        else:
            from tfviz.learn.nets.worked import worked_net

            for name, text in lists.items():
                if text is not None:
                    given[name] = read_list(text, f"--{OPTIONS[name]}")
            lesson = worked_net(str(net), tape=tape, **given)
    click.echo(str(lesson))
    write([lesson], out, save)
