"""`tfviz learn optimizer`: Keras's optimizers on surfaces whose shape is known."""

from __future__ import annotations

import click

from tfviz_cli.learn_options import saving_options, write
from tfviz_cli.waiting import loading


@click.command("optimizer")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option(
    "--surface",
    default="ravine",
    show_default=True,
    metavar="NAME",
    help="bowl, ravine, rosenbrock, beale, himmelblau, saddle, noisy, or all for a table.",
)
@click.option("--steps", default=500, show_default=True, help="How many steps each makes.")
@click.option("--rate", type=float, metavar="NUMBER", help="One learning rate for everybody.")
@click.option(
    "--tune", is_flag=True, help="Try the same eleven rates with everybody; take the best."
)
@click.option(
    "--condition",
    default=100.0,
    show_default=True,
    help="Of the ravine: how many times as steep across as along.",
)
@click.option("--angle", default=30.0, show_default=True, help="Of the ravine, turned by degrees.")
@click.option("--start", type=(float, float), metavar="X Y", help="Where all begin.")
@click.option(
    "--tolerance",
    default=0.001,
    show_default=True,
    help="Which part of the height at the start counts as arrived.",
)
@click.option("--seed", default=0, show_default=True, help="Of the noisy bowl.")
@click.option(
    "--gif", type=click.Path(dir_okay=False), metavar="FILE", help="Also write an animation."
)
@saving_options("png,html,json")
def command(
    names: tuple[str, ...],
    surface: str,
    steps: int,
    rate: float | None,
    tune: bool,
    condition: float,
    angle: float,
    start: tuple[float, float] | None,
    tolerance: float,
    seed: int,
    gif: str | None,
    out: str,
    save: str,
) -> None:
    """Let Keras's optimizers run over a surface: the installed ones, in one compiled loop.

    NAME is that of an optimizer of Keras, or momentum, nesterov, amsgrad, lookahead. Without names
    all of Keras's run.

    \b
    tfviz learn optimizer
    tfviz learn optimizer adam
    tfviz learn optimizer sgd momentum adam --surface rosenbrock --tune
    tfviz learn optimizer --surface all
    """
    with loading("Loading TensorFlow"):
        from tfviz.learn.optimizers.film import gif_path
        from tfviz.learn.optimizers.lesson import optimizer

        if gif is not None:
            gif_path(gif)  # told before the race and not behind it
        found = optimizer(
            names,
            surface=surface,
            steps=steps,
            rate=rate,
            tune=tune,
            condition=condition,
            angle=angle,
            start=start,
            tolerance=tolerance,
            seed=seed,
        )
    click.echo(str(found))
    write([found], out, save)
    if gif is not None:
        click.echo(f"Wrote {found.save_gif(gif)}")
