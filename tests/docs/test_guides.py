"""What the README and the guides say is true: their code runs, their links lead somewhere."""

import re
from pathlib import Path

import click
import pytest
from tfviz_cli.main import cli

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
LINK = re.compile(r"\]\(([^)#\s]*)(?:#([^)\s]+))?\)")


def ids(pages):
    return [page.name for page in pages]


def anchors(page):
    """The names under which GitHub links to the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in headings}


@pytest.mark.parametrize("page", PAGES, ids=ids(PAGES))
def test_links_lead_to_files_and_headings_that_exist(page):
    for name, anchor in LINK.findall(page.read_text(encoding="utf-8")):
        if "://" in name:
            continue
        aim = (page.parent / name).resolve() if name else page
        assert aim.exists(), f"{page.name} links to {name}"
        if anchor:
            assert anchor in anchors(aim), f"{page.name} links to {name}#{anchor}"


def commands(group=cli, words=()):
    """All commands with the words that call them, those inside groups too."""
    for name in group.list_commands(click.Context(group)):
        command = group.get_command(click.Context(group), name)
        if isinstance(command, click.Group):
            yield from commands(command, (*words, name))
        elif name != "completion":
            yield pytest.param(command, id=" ".join((*words, name)))


@pytest.mark.parametrize("command", list(commands()))
def test_every_option_of_a_command_is_explained(command, request):
    text = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.opts[-1] in text, f"{parameter.opts[-1]} of {request.node.callspec.id}"


@pytest.mark.parametrize("command", list(commands()))
def test_every_command_has_help_for_itself_and_its_options(command):
    assert command.help
    bare = [
        each.name for each in command.params if isinstance(each, click.Option) and not each.help
    ]
    assert bare == []


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES, ids=ids(PAGES))
def test_python_examples_run(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = page.read_text(encoding="utf-8")
    names = {"__name__": "example"}
    for block in re.finditer(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        above = text[: block.start(1)].count("\n")
        exec(compile("\n" * above + block.group(1), str(page), "exec"), names)
