"""`tfviz heatmap`: photos in, overlays and raw maps out."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem

from tfviz_cli.options import ModelName, custom_objects, loading_options
from tfviz_cli.waiting import loading

if TYPE_CHECKING:
    from tfviz.files import Source
    from tfviz.jobs.heatmap import HeatmapJob, HeatmapResult

SOME_FAILED = 1
NOTHING_STARTED = 2
MOST_ROWS = 40


class Input(click.ParamType):
    """A photo, a folder or a sample; completes all three."""

    name = "input"

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Samples once their prefix is begun, files otherwise."""
        from tfviz.image.samples import SAMPLES

        samples = [f"sample:{each}" for each in SAMPLES]
        hits = [CompletionItem(each) for each in samples if each.startswith(incomplete)]
        return [*hits, CompletionItem(incomplete, type="file")]


@click.command("heatmap")
@click.argument("inputs", metavar="INPUT...", nargs=-1, required=True, type=Input())
@click.option(
    "--model",
    default="everyday10",
    show_default=True,
    type=ModelName(),
    help="everyday10, a name in keras.applications, or a .keras / .h5 file.",
)
@click.option("--weights", metavar="FILE", help="Weights for a named architecture.")
@click.option(
    "--labels",
    metavar="FILE|FOLDER",
    help="Class names: .json, .txt, .csv, or a folder with one sub-folder a class.",
)
@click.option(
    "--target",
    default="top1",
    show_default=True,
    metavar="CLASS",
    help="What to explain: top1, top2, ..., a class index or a class name.",
)
@click.option("--against", metavar="CLASS", help="Explain the target rather than this class.")
@click.option(
    "--layer",
    default="auto",
    show_default=True,
    metavar="LAYER",
    help="Where to explain: auto, a name, or a path (base/conv5); see `tfviz layers`.",
)
@click.option("--output", metavar="NAME", help="Which output of a model with several.")
@click.option(
    "--method",
    default="gradcam",
    show_default=True,
    type=click.Choice(["gradcam", "hirescam"]),
    help="How to explain.",
)
@click.option(
    "--preprocess",
    "value_range",
    type=click.Choice(["tf", "torch", "caffe", "0-1", "none"]),
    help="What the model expects of pixel values, where it can't be told.",
)
@click.option(
    "--resize",
    type=click.Choice(["stretch", "crop", "letterbox"]),
    help="How photos are brought to the model's size.  [default: as the model tells, or stretch]",
)
@click.option(
    "--out", default="heatmaps", show_default=True, metavar="DIR", help="Where results go."
)
@click.option(
    "--save",
    default="overlay,array",
    show_default=True,
    metavar="LIST",
    help="Any of overlay, array, panel, with commas.",
)
@click.option(
    "--colormap",
    metavar="NAME",
    help="Any of matplotlib's; the default is safe for colour-blind eyes.",
)
@click.option(
    "--alpha",
    type=click.FloatRange(0, 1),
    metavar="0..1",
    help="How strongly the map covers the photo.",
)
@click.option("--device", metavar="NAME", help="cpu, gpu or gpu:1; TensorFlow chooses by default.")
@click.option(
    "--json", "as_json", is_flag=True, help="One JSON object a photo, on standard output."
)
@click.option("--quiet", is_flag=True, help="Print errors only.")
@loading_options
@click.pass_context
def command(
    ctx: click.Context,
    inputs: tuple[str, ...],
    model: str,
    weights: str | None,
    labels: str | None,
    target: str,
    against: str | None,
    layer: str,
    output: str | None,
    method: str,
    value_range: str | None,
    resize: str | None,
    out: str,
    save: str,
    colormap: str | None,
    alpha: float | None,
    device: str | None,
    as_json: bool,
    quiet: bool,
    custom: tuple[str, ...],
    unsafe: bool,
) -> None:
    """Show where a model looks.

    INPUT is a photo, a folder of photos, or a sample that comes along: sample:cat,
    sample:astronaut, sample:cameraman, sample:coffee, sample:motorcycle, sample:retina,
    sample:rocket. For each, an overlay in the photo's own resolution and the raw float32 map are
    written.

    \b
    tfviz heatmap sample:cat
    tfviz heatmap photos/ --model MobileNetV2 --save overlay,panel
    tfviz heatmap dog.jpg --model my.keras --labels classes.txt --target dog --against wolf
    tfviz heatmap dog.jpg --model my.keras --layer base/conv5 --out why

    Exit code: 0 all done, 1 some photos failed, 2 wrong usage or nothing could start,
    130 interrupted.
    """
    from tfviz.files import find_images

    sources = find_images(inputs)
    failed = _unreadable(sources)
    if failed is not None:
        for name, reason in failed:
            click.echo(_failure(name, reason), err=True)
        ctx.exit(NOTHING_STARTED)

    with contextlib.ExitStack() as stack:
        with loading("Loading TensorFlow and the model", quiet=quiet):
            import tfviz
            from tfviz.jobs.heatmap import HeatmapJob, HeatmapSettings
            from tfviz.model.device import on_device

            if device is not None:
                stack.enter_context(on_device(device))
            loaded = tfviz.load_model(
                model,
                weights=weights,
                labels=labels,
                custom_objects=custom_objects(custom),
                unsafe=unsafe,
            )
            products = tuple(each.strip() for each in save.split(",") if each.strip())
            settings = HeatmapSettings(
                method=method,
                target=target,
                against=against,
                layer=layer,
                output=int(output) if output is not None and output.isdecimal() else output,
                value_range=value_range,
                resize=resize,
                save=products,
                colormap=colormap,
                alpha=alpha,
            )
            job = HeatmapJob(loaded, sources, out, settings)
        results = []
        for result in _watched(job, quiet=quiet or as_json):
            results.append(result)
            if as_json:
                # ASCII: a file's name must pass through a pipe of any encoding.
                click.echo(json.dumps(result.to_dict()))
    if not as_json and not quiet:
        _print_table(results)
        _print_footer(job, results, tfviz.card_of(loaded).knows)
    for result in results:
        if result.reason is not None:
            click.echo(_failure(result.input, result.reason), err=True)
    if any(result.reason is not None for result in results):
        ctx.exit(SOME_FAILED)


def _failure(name: str, reason: str) -> str:
    """One line for what failed; most reasons name the file themselves."""
    return (
        f"Error: {reason[:1].upper()}{reason[1:]}" if name in reason else f"Error: {name}: {reason}"
    )


def _unreadable(sources: Iterable[Source]) -> list[tuple[str, str]] | None:
    """All names with reasons when no input can be opened; None as soon as one can."""
    from tfviz.jobs.opening import why_not

    failed = []
    for source in sources:
        reason = why_not(source)
        if reason is None:
            return None
        failed.append((source.name, reason))
    return failed


def _watched(job: HeatmapJob, *, quiet: bool) -> Iterator[HeatmapResult]:
    """The results of a job, with a progress bar where there are many and somebody looks."""
    if quiet or len(job.sources) < 2 or not sys.stderr.isatty():
        yield from job.run()
        return
    from rich.console import Console
    from rich.progress import track

    yield from track(
        job.run(),
        description="Explaining",
        total=len(job.sources),
        console=Console(stderr=True),
        transient=True,
    )


def _print_table(results: list[HeatmapResult]) -> None:
    from rich.console import Console
    from rich.table import Table

    done = [result for result in results if result.reason is None]
    if not done:
        return
    rows = [
        {
            "file": result.input,
            "sees": result.sees,
            "sure": "" if result.confidence is None else f"{result.confidence:.1%}",
            "output": "" if result.output is None else f"{result.output:.4g}",
            "explains": "" if result.target == result.sees else result.target,
            "layer": result.layer,
            "note": result.note,
        }
        for result in done[:MOST_ROWS]
    ]
    used = [heading for heading in rows[0] if any(row[heading] for row in rows)]
    table = Table(box=None, pad_edge=False)
    for heading in used:
        number = heading in ("sure", "output")
        table.add_column(heading, justify="right" if number else "left", overflow="fold")
    for row in rows:
        table.add_row(*(row[heading] for heading in used))
    terminal = sys.stdout.isatty()
    console = Console(highlight=False, markup=False, width=None if terminal else 200)
    console.print(table)
    if len(done) > MOST_ROWS:
        click.echo(f"and {len(done) - MOST_ROWS} more (--json prints all)")


def _print_footer(job: HeatmapJob, results: list[HeatmapResult], knows: str) -> None:
    lines: list[Any] = []
    files = [each for result in results for each in result.files]
    if len(files) > 2:
        lines.append(f"Wrote {len(files)} files to {job.out}")
    elif files:
        lines.append(f"Wrote {' and '.join(files)}")
    line = f"Pixel values: {job.pixels.in_words}"
    if job.pixels.assumed:
        line += "; if the model was trained on others, say so with --preprocess"
    lines.append(f"{line}.")
    if knows:
        lines.append(knows)
    if lines:
        click.echo()
        click.echo("\n".join(lines))
