from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from seeded_weights import image, state_dict
from torch_files import Runs, write_pickle, write_weights

from tfviz.zoo.porting.recipe import RECIPE
from tfviz.zoo.tables import TABLES


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    arrays = state_dict(TABLES["resnet20"].tensors())
    return write_weights(tmp_path_factory.mktemp("weights") / "r20.pth", arrays)


@pytest.fixture
def converted(tfviz_cli, file: Path) -> Path:
    out = file.with_name("r20.keras")
    if not out.exists():
        assert tfviz_cli("weights", "convert", file, "--to", "resnet20", "-o", out).code == 0
    return out


def test_show_lists_tensors_and_names_the_architecture(tfviz_cli, file: Path) -> None:
    said = tfviz_cli("weights", "show", file)
    assert said.code == 0
    lines = said.out.splitlines()
    assert lines[0] == f"{file}: zip, 97 tensors, 271,098 values"
    assert lines[1].split() == ["conv1.weight", "float32", "16", "x", "3", "x", "3", "x", "3"]
    assert "  and 85 more: --all lists them" in lines
    assert "architecture: resnet20 with 10 classes" in lines
    assert len(tfviz_cli("weights", "show", file, "--all").out.splitlines()) == 1 + 97 + 2


def test_show_as_json_is_one_object(tfviz_cli, file: Path) -> None:
    (found,) = tfviz_cli("weights", "show", file, "--json").objects()
    assert found["architecture"] == "resnet20"
    assert found["classes"] == 10
    assert found["tensors"]["conv1.weight"] == {"shape": [16, 3, 3, 3], "dtype": "float32"}


def test_show_of_an_unknown_network_says_so(tfviz_cli, tmp_path: Path) -> None:
    file = write_weights(tmp_path / "w.pth", {"a.weight": np.ones((2, 2), np.float32)})
    assert tfviz_cli("weights", "show", file).out.splitlines()[-1] == (
        "architecture: none that is known"
    )


def test_show_gives_a_terminal_nothing_to_obey(tfviz_cli, tmp_path: Path) -> None:
    name = "\x1b]0;mine\x07\nError: a.weight" + 100_000 * "x"
    file = write_weights(tmp_path / "my weights.pth", {name: np.ones(2, np.float32)})
    said = tfviz_cli("weights", "show", file)
    assert said.code == 0
    assert len(said.out) < 1000
    lines = said.out.splitlines()
    assert len(lines) == 3
    assert all(line.isprintable() for line in lines)
    assert lines[1].startswith(r"  \x1b]0;mine\x07\nError: a.weightxx")


def test_the_command_that_show_offers_can_be_pasted(tfviz_cli, file: Path, tmp_path: Path) -> None:
    spaced = tmp_path / "my weights.pth"
    spaced.write_bytes(file.read_bytes())
    last = tfviz_cli("weights", "show", spaced).out.splitlines()[-1]
    assert last == f"  tfviz weights convert '{spaced}' --to resnet20 -o resnet20.keras"


def test_no_line_of_its_help_is_cut_off(tfviz_cli) -> None:
    commands = tfviz_cli("weights", "--help").out.partition("Commands:")[2]
    assert commands.split()
    assert "..." not in commands


def test_show_refuses_a_file_that_would_run_something(tfviz_cli, tmp_path: Path) -> None:
    import pickle

    sentinel = tmp_path / "ran"
    file = write_pickle(tmp_path / "evil.pth", pickle.dumps(Runs(sentinel), 2))
    said = tfviz_cli("weights", "show", file)
    assert said.code == 2
    assert said.err.startswith(f"Error: '{file}' asks for '")
    assert "Nothing was run." in said.err
    assert len(said.err.splitlines()) == 1
    assert not sentinel.exists()


def test_help_and_show_load_no_tensorflow(file: Path) -> None:
    script = (
        "import sys\nfrom tfviz_cli.main import run\n"
        f"codes = [run(['weights', '--help']), run(['weights', 'show', {str(file)!r}])]\n"
        "print(codes, [m for m in ('tensorflow', 'keras', 'torch') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "[0, 0] []", done.stderr


def test_a_converted_model_needs_nothing_else_for_a_heatmap(
    tfviz_cli, converted: Path, tmp_path: Path
) -> None:
    said = tfviz_cli(
        "heatmap", "sample:cat", "--model", converted, "--target", "cat", "--out", tmp_path
    )
    assert said.code == 0, said.err
    assert "from tfviz.json in 'r20.keras'" in said.out + said.err
    assert (tmp_path / "cat.overlay.png").exists()


def test_convert_tells_what_it_did(tfviz_cli, file: Path, tmp_path: Path) -> None:
    out = tmp_path / "own.keras"
    names = tmp_path / "names.txt"
    names.write_text("\n".join("abcdefghij"))
    said = tfviz_cli("weights", "convert", file, "--out", out, "--labels", names)
    assert said.code == 0
    assert said.out.splitlines()[0] == f"{file} -> resnet20"
    assert "  matched        97" in said.out
    assert f"wrote {out}: resnet20, 10 classes" in said.out
    import tfviz

    assert tfviz.card_of(tfviz.load_model(out)).class_names[:2] == ("a", "b")


def test_convert_to_another_architecture_is_one_sentence(tfviz_cli, file: Path, tmp_path) -> None:
    said = tfviz_cli("weights", "convert", file, "--to", "resnet32", "-o", tmp_path / "o.keras")
    assert said.code == 2
    assert "another architecture: the file is resnet20 with 10 classes" in said.err
    assert len(said.err.splitlines()) == 1


def test_verify_compares_weights_with_the_file_they_came_from(
    tfviz_cli, converted: Path, file: Path, tmp_path: Path
) -> None:
    said = tfviz_cli("weights", "verify", converted, file)
    assert said.code == 0
    assert said.out.splitlines()[-1] == "model: the same weights"
    arrays = state_dict(TABLES["resnet20"].tensors())
    arrays["bn1.bias"] = arrays["bn1.bias"] + 1
    other = write_weights(tmp_path / "other.pth", arrays)
    said = tfviz_cli("weights", "verify", converted, other, "--json")
    assert said.code == 1
    (found,) = said.objects()
    assert found["values_differ"] == {"bn1.bias": pytest.approx(1, abs=1e-6)}


def test_verify_names_the_first_stage_that_differs(
    tfviz_cli, converted: Path, file: Path, tmp_path: Path
) -> None:
    from tfviz import zoo

    model = zoo.resnet20(weights=file)
    zoo.reference_of(model, image(32, 32)).save(tmp_path / "same.npz")
    assert tfviz_cli("weights", "verify", converted, tmp_path / "same.npz").code == 0
    model.get_layer("layer2.1.bn2").beta.assign_add(np.ones(32))
    zoo.reference_of(model, image(32, 32)).save(tmp_path / "other.npz")
    said = tfviz_cli("weights", "verify", converted, tmp_path / "other.npz", "--json")
    assert said.code == 1
    assert json.loads(said.out)["first_difference"] == "layer2.1"
    said = tfviz_cli("weights", "verify", converted, tmp_path / "other.npz", "--tolerance", "1e9")
    assert said.code == 0


def test_verify_prints_the_recipe_without_any_file(tfviz_cli) -> None:
    said = tfviz_cli("weights", "verify", "--recipe")
    assert said.code == 0
    assert said.out == RECIPE


@pytest.mark.parametrize("name", ["show", "convert", "verify"])
def test_every_option_of_its_commands_has_help_and_stands_in_the_guide(name: str) -> None:
    import click
    from tfviz_cli.weights import command

    found = command.get_command(click.Context(command), name)
    assert found is not None
    assert found.help
    guide = Path(__file__).parents[2] / "docs" / "weights.md"
    text = guide.read_text(encoding="utf-8")
    for parameter in found.params:
        if isinstance(parameter, click.Option):
            assert parameter.help, parameter.opts
            assert parameter.opts[-1] in text, parameter.opts
