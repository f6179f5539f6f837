"""What the README and the guides say is true: their code runs, their links lead somewhere."""

import re
from pathlib import Path

import click
import pytest
from tfviz_cli.main import COMMANDS, cli

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


@pytest.mark.parametrize("name", [each for each in COMMANDS if each != "completion"])
def test_every_option_of_a_command_is_explained(name):
    text = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    command = cli.get_command(click.Context(cli), name)
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.opts[-1] in text, f"{parameter.opts[-1]} of tfviz {name}"


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES, ids=ids(PAGES))
def test_python_examples_run(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = page.read_text(encoding="utf-8")
    names = {"__name__": "example"}
    for block in re.finditer(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        above = text[: block.start(1)].count("\n")
        exec(compile("\n" * above + block.group(1), str(page), "exec"), names)
