"""The entry point: commands that load on use, and what an error looks like."""

from __future__ import annotations

import contextlib
import io
import os
import sys

import click

from tfviz_cli.lazily import LazyGroup

COMMANDS = {
    "completion": ("tfviz_cli.completion", "Print a script that completes tfviz in your shell."),
    "doctor": ("tfviz_cli.doctor", "Find what is wrong: an environment, a script, an error."),
    "heatmap": ("tfviz_cli.heatmap", "Show where a model looks: heatmaps of photos, as files."),
    "layers": ("tfviz_cli.layers", "List the layers that can give a heatmap, and which is taken."),
    "learn": ("tfviz_cli.learn", "See how it works: activations, back-propagation, optimizers."),
    "methods": ("tfviz_cli.methods", "List the methods: cost, needs, and when to use which."),
    "weights": (
        "tfviz_cli.weights",
        "Show, convert and verify PyTorch's weights, without PyTorch.",
    ),
}
STANDS_ON = (
    "tensorflow",
    "keras",
    "numpy",
    "opencv-python",
    "matplotlib",
    "scikit-image",
    "pillow",
    "safetensors",
    "click",
    "rich",
    "jinja2",
)
INTERRUPTED = 130


def _print_version(ctx: click.Context, parameter: click.Parameter, value: bool) -> None:
    if not value or ctx.resilient_parsing:
        return
    from importlib import metadata

    from tfviz.version import __version__

    lines = [f"tfviz {__version__}", f"Python {sys.version.split()[0]}"]
    for name in STANDS_ON:
        try:
            lines.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            lines.append(f"{name} is not installed")
    click.echo("\n".join(lines))
    ctx.exit()


@click.group(
    cls=LazyGroup,
    table=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.option(
    "--version",
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=_print_version,
    help="Show the versions of tfviz and of what it stands on.",
)
def cli() -> None:
    """See why a Keras model says what it says.

    \b
    tfviz heatmap sample:cat                  a first heatmap, with nothing else at hand
    tfviz heatmap photos/ --model my.keras    your photos, your model
    """


def main() -> None:
    """Run the command line; every error of the user's is one sentence and exit code 2."""
    for stream in (sys.stdout, sys.stderr):
        # A name that a Windows console or pipe has no letters for must not end the command.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    # `>&-` leaves no standard output at all.
    sys.stdout = sys.stdout or open(os.devnull, "w")  # noqa: SIM115 - until the process ends
    sys.stderr = sys.stderr or open(os.devnull, "w")  # noqa: SIM115
    sys.exit(run(sys.argv[1:]))


def _discard_output() -> None:
    """What Python would flush at exit has nowhere to go."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def run(arguments: list[str]) -> int:
    """Run the command line on these arguments and return its exit code."""
    try:
        if not arguments:
            # Nothing was asked for: wrong usage, which older versions of click call a success.
            cli.main(["--help"], prog_name="tfviz", standalone_mode=False)
            return 2
        result = cli.main(arguments, prog_name="tfviz", standalone_mode=False)
    except click.exceptions.Abort:
        click.echo("Interrupted.", err=True)
        return INTERRUPTED
    except KeyboardInterrupt:
        click.echo("Interrupted.", err=True)
        return INTERRUPTED
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except BrokenPipeError:
        # The reader has gone: `tfviz ... | head`.
        _discard_output()
        return 1
    except OSError as error:
        # Files of ours fail as OutputError: what has no name is standard output (a full device).
        where = f"'{error.filename}'" if error.filename else "standard output can't be written to"
        click.echo(f"Error: {where}: {error.strerror or error}.", err=True)
        _discard_output()
        return 2
    except ValueError as error:
        from tfviz.errors import TfvizError

        if not isinstance(error, TfvizError):
            raise
        message = str(error)
        click.echo(f"Error: {message[:1].upper()}{message[1:]}", err=True)
        return 2
    return result if isinstance(result, int) else 0


if __name__ == "__main__":
    main()
