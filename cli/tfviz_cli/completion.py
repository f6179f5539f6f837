"""`tfviz completion`: a script for the user's shell."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> None:
    """Print a script that completes tfviz in your shell.

    \b
    bash   tfviz completion bash >> ~/.bashrc
    zsh    tfviz completion zsh >> ~/.zshrc
    fish   tfviz completion fish > ~/.config/fish/completions/tfviz.fish
    """
    from tfviz_cli.main import cli

    kind = get_completion_class(shell)
    assert kind is not None  # the choice above lists what click has
    click.echo(kind(cli, {}, "tfviz", "_TFVIZ_COMPLETE").source())
