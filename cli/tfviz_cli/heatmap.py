"""`tfviz heatmap`: photos in, overlays and raw maps out."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem

from tfviz_cli.heatmap_table import Shown, failure
from tfviz_cli.options import ModelName, custom_objects, loading_options
from tfviz_cli.progress import watched
from tfviz_cli.waiting import loading

if TYPE_CHECKING:
    from tfviz.files import Source

SOME_FAILED = 1
NOTHING_STARTED = 2
INTERRUPTED = 130


class Input(click.ParamType):
    """A photo, a folder, a list or a sample; completes files and samples."""

    name = "input"

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Samples once their prefix is begun, files otherwise."""
        from tfviz.image.samples import SAMPLES

        samples = [f"sample:{each}" for each in SAMPLES]
        hits = [CompletionItem(each) for each in samples if each.startswith(incomplete)]
        return [*hits, CompletionItem(incomplete, type="file")]


class MethodName(click.ParamType):
    """A method by its name; an unknown one is told with what is nearest."""

    name = "method"

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:
        """What stands for a value in the help."""
        return "NAME"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The name, if there is such a method."""
        from tfviz.errors import nearest
        from tfviz.explain.family import FAMILY

        value = value.lower()
        if value not in FAMILY:
            self.fail(f"There is no method '{value}'.{nearest(value, FAMILY)} See `tfviz methods`.")
        return value

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """All names that begin like this, with when to use them."""
        from tfviz.explain.family import FAMILY

        found = [each for each in FAMILY.values() if each.name.startswith(incomplete)]
        return [CompletionItem(each.name, help=each.when) for each in found]


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
    help="Where: auto, a name, a path (base/conv5), or several with +; see `tfviz layers`.",
)
@click.option("--output", metavar="NAME", help="Which output of a model with several.")
@click.option(
    "--method",
    default="gradcam",
    show_default=True,
    type=MethodName(),
    help="How to explain; `tfviz methods` lists them.",
)
@click.option(
    "--fuse",
    type=click.Choice(["mean", "max", "product"]),
    help="How the maps of several layers become one.  [default: as the method's paper]",
)
@click.option(
    "--smooth", is_flag=True, help="The mean of the maps of mirrored and scaled photos too."
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
    "--out",
    metavar="DIR",
    help="Where results go.  [default: heatmaps; heatmaps-2, ... for other settings]",
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
@click.option(
    "--batch-size",
    default="16",
    show_default=True,
    metavar="N|auto",
    help="Photos the model sees at once; auto measures what is fastest.",
)
@click.option(
    "--overwrite", is_flag=True, help="Replace results of other settings in the same --out."
)
@click.option(
    "--shard",
    metavar="I/N",
    help="Do the I-th of N shares; run the others beside it, here or elsewhere.",
)
@click.option("--limit", type=int, metavar="N", help="Only the first N photos.")
@click.option(
    "--max-pixels",
    type=click.IntRange(min=1),
    metavar="N",
    help="Refuse larger photos before they are decoded.  [default: 178956970]",
)
@click.option(
    "--allow-truncated", is_flag=True, help="Explain what is there of photos that are cut off."
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
    fuse: str | None,
    smooth: bool,
    value_range: str | None,
    resize: str | None,
    out: str | None,
    save: str,
    colormap: str | None,
    alpha: float | None,
    batch_size: str,
    overwrite: bool,
    shard: str | None,
    limit: int | None,
    max_pixels: int | None,
    allow_truncated: bool,
    device: str | None,
    as_json: bool,
    quiet: bool,
    custom: tuple[str, ...],
    unsafe: bool,
) -> None:
    """Show where a model looks.

    INPUT is a photo, a folder of photos, a pattern ('photos/**/*.jpg'), a list of names
    (@files.txt, or - for standard input), or a sample that comes along: sample:cat,
    sample:astronaut, sample:cameraman, sample:coffee, sample:motorcycle, sample:retina,
    sample:rocket. For each, an overlay in the photo's own resolution and the raw float32 map are
    written, and a line in results.jsonl. Stopped in the middle, the same command goes on.

    \b
    tfviz heatmap sample:cat
    tfviz heatmap photos/ --model MobileNetV2 --save overlay,panel
    tfviz heatmap dog.jpg --model my.keras --labels classes.txt --target dog --against wolf
    tfviz heatmap dog.jpg --model my.keras --layer base/conv5 --out why

    Exit code: 0 all done, 1 some photos failed, 2 wrong usage or nothing could start,
    130 interrupted.
    """
    from tfviz.files import Shard, find_images, take

    share = None if shard is None else Shard.parse(shard)
    size = _batch_size(batch_size)
    sources = find_images(inputs, leave_out=out)
    take((), limit=limit)  # refuses a limit that leaves nothing
    failed = _unreadable(sources[:limit], max_pixels, allow_truncated)
    if failed is not None:
        for name, reason in failed:
            click.echo(failure(name, reason), err=True)
        ctx.exit(NOTHING_STARTED)

    with contextlib.ExitStack() as stack:
        with loading("Loading TensorFlow and the model", quiet=quiet):
            import tfviz
            from tfviz.jobs.heatmap import HeatmapJob
            from tfviz.jobs.results import HeatmapSettings
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
            settings = HeatmapSettings(
                method=method,
                fuse=fuse,
                smooth=smooth,
                target=target,
                against=against,
                layer=layer,
                output=int(output) if output is not None and output.isdecimal() else output,
                value_range=value_range,
                resize=resize,
                save=tuple(each.strip() for each in save.split(",") if each.strip()),
                colormap=colormap,
                alpha=alpha,
                batch_size=size,
                max_pixels=max_pixels,
                allow_truncated=allow_truncated,
            )
            job = HeatmapJob(
                loaded,
                sources,
                out,
                settings,
                overwrite=overwrite,
                shard=share,
                limit=limit,
                own_model=True,
            )
        shown = Shown(job, as_json=as_json)
        try:
            for result in watched(job.run(), len(job), quiet=quiet or as_json):
                shown.add(result)
        except KeyboardInterrupt:
            click.echo(f"Interrupted. {_so_far(shown)}", err=True)
            ctx.exit(INTERRUPTED)
        except tfviz.TfvizError as error:
            if not shown.done:
                raise
            click.echo(f"Error: {str(error)[:1].upper()}{str(error)[1:]}", err=True)
            click.echo(_so_far(shown), err=True)
            ctx.exit(SOME_FAILED)
    if not as_json and not quiet:
        shown.print_table()
        shown.print_footer(tfviz.card_of(loaded).knows)
    shown.print_failures()
    if shown.failed:
        ctx.exit(SOME_FAILED)


def _so_far(shown: Shown) -> str:
    return f"{shown.seen} of {len(shown.job)} are finished; the same command goes on from there."


def _batch_size(text: str) -> int | str:
    if text == "auto":
        return text
    if not text.isdecimal() or int(text) < 1:
        raise click.BadParameter(
            f"{text!r} is neither a number from 1 nor 'auto'.", param_hint="--batch-size"
        )
    return int(text)


def _unreadable(
    sources: Iterable[Source], max_pixels: int | None, allow_truncated: bool
) -> list[tuple[str, str]] | None:
    """All names with reasons when no input can be opened; None as soon as one can."""
    from tfviz.image.reading import MAX_PIXELS
    from tfviz.jobs.opening import why_not

    failed = []
    for source in sources:
        reason = why_not(source, max_pixels or MAX_PIXELS, allow_truncated=allow_truncated)
        if reason is None:
            return None
        failed.append((source.name, reason))
    return failed
