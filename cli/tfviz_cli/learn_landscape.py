"""`tfviz learn landscape`: the loss around the weights of a model."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator

import click

from tfviz_cli.learn_options import saving_options, write
from tfviz_cli.options import ModelName, custom_objects, loading_options
from tfviz_cli.waiting import loading


@click.command("landscape")
@click.argument("model", type=ModelName())
@click.option("--data", required=True, metavar="FILE", help="A .npz file with the arrays x and y.")
@click.option("--samples", default=1000, show_default=True, help="How many of it are used.")
@click.option("--loss", metavar="NAME", help="As in compile.  [default: the model's own]")
@click.option(
    "--checkpoints",
    metavar="PATTERN",
    help="Weights saved while training, 'weights/*.weights.h5': draws where it went.",
)
@click.option(
    "--directions",
    type=click.Choice(["random", "pca"]),
    help="Filter-normalised random ones, or along the training.  [default: by --checkpoints]",
)
@click.option(
    "--dimensions",
    type=click.IntRange(1, 2),
    default=2,
    show_default=True,
    help="A line or a plane.",
)
@click.option("--size", default=25, show_default=True, help="Points along each axis.")
@click.option(
    "--radius", default=1.0, show_default=True, help="1 moves each filter by its own length."
)
@click.option(
    "--batchnorm",
    type=click.Choice(["stored", "recompute"]),
    default="stored",
    show_default=True,
    help="Statistics of batch normalisation: the model's, or measured at each point.",
)
@click.option(
    "--ignore",
    type=click.Choice(["biasbn", "none"]),
    default="biasbn",
    show_default=True,
    help="biasbn doesn't move biases and batch-norm vectors, as in the paper.",
)
@click.option("--log", is_flag=True, help="Draw the loss on a log scale.")
@click.option("--seed", default=0, show_default=True, help="For random directions.")
@click.option("--batch-size", default=256, show_default=True, help="Samples in memory at a time.")
@click.option("--weights", metavar="FILE", help="Weights for a named architecture.")
@loading_options
@saving_options("png,json")
def command(
    model: str,
    weights: str | None,
    data: str,
    samples: int,
    loss: str | None,
    checkpoints: str | None,
    directions: str | None,
    dimensions: int,
    size: int,
    radius: float,
    batchnorm: str,
    ignore: str,
    log: bool,
    seed: int,
    batch_size: int,
    custom: tuple[str, ...],
    unsafe: bool,
    out: str,
    save: str,
) -> None:
    """Draw the loss of MODEL on a plane through its weights.

    The model's weights are never changed. What is drawn is a slice of a space with as many
    dimensions as the model has weights, and the picture says so.

    \b
    tfviz learn landscape my.keras --data test.npz
    tfviz learn landscape my.keras --data test.npz --checkpoints 'weights/*.weights.h5'
    """
    if samples < 1:
        raise click.UsageError(f"--samples {samples}: give at least one.")
    with loading("Loading TensorFlow and the model"):
        from tfviz.learn.landscapes.checkpoints import find
        from tfviz.learn.landscapes.making import landscape
        from tfviz.learn.steps.data import load_compiled, read_data

        loaded = load_compiled(
            model, weights=weights, custom_objects=custom_objects(custom), unsafe=unsafe
        )
        given = read_data(data).first(samples)
        files = find(checkpoints) if checkpoints else []
    with _watched() as progress:
        found = landscape(
            loaded,
            given.x,
            given.y,
            loss,
            directions=directions,
            weights=files,
            dimensions=dimensions,
            size=size,
            radius=radius,
            batchnorm=batchnorm,
            ignore=ignore,
            log=log,
            seed=seed,
            batch_size=batch_size,
            sample_weight=given.sample_weight,
            progress=progress,
        )
    click.echo(str(found))
    write([found], out, save)


@contextlib.contextmanager
def _watched() -> Iterator[Callable[[int, int], None] | None]:
    """A bar on standard error, where somebody looks."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
    from rich.progress import TimeRemainingColumn as Remaining

    columns = (TextColumn("Computing losses"), BarColumn(), MofNCompleteColumn(), Remaining())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
