from __future__ import annotations

import importlib
import json
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import click
import keras
import pytest
from keras import layers
from tfviz_cli.main import COMMANDS, STANDS_ON

from tfviz.version import __version__

HEAVY = ("tensorflow", "keras", "cv2", "matplotlib")


@pytest.fixture(scope="module")
def model_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A saved model of three classes with its base inside another model."""
    base = keras.Sequential(
        [
            keras.Input((16, 16, 3)),
            layers.Conv2D(4, 3, strides=2, activation="relu", name="conv1"),
            layers.Conv2D(4, 3, activation="relu", name="conv2"),
        ],
        name="base",
    )
    model = keras.Sequential(
        [
            keras.Input((16, 16, 3)),
            base,
            layers.GlobalAveragePooling2D(name="pool"),
            layers.Dense(3, activation="softmax", name="head"),
        ],
        name="mine",
    )
    path = tmp_path_factory.mktemp("cli") / "mine.keras"
    model.save(path)
    return path


def test_help_usage_errors_and_import_tfviz_load_nothing_heavy(tmp_path: Path) -> None:
    script = f"""
import json, sys
from tfviz_cli.main import run
heavy = {HEAVY!r}
found = {{}}
for arguments in (["--help"], ["--version"], ["heatmap", "--help"], ["layers", "--help"],
                  ["heatmap"], ["heatmap", "sample:cat", "--nonsense"], ["heatmpa"],
                  ["heatmap", "no.jpg"], ["heatmap", "bad.png"], ["heatmap", "empty"],
                  ["completion", "bash"]):
    code = run(arguments)
    found[" ".join(arguments)] = [code, [each for each in heavy if each in sys.modules]]
import tfviz
dir(tfviz)
found["import tfviz"] = [0, [each for each in heavy if each in sys.modules]]
json.dump(found, open("found.json", "w"))
"""
    (tmp_path / "bad.png").write_text("not an image")
    (tmp_path / "empty").mkdir()
    subprocess.run([sys.executable, "-c", script], cwd=tmp_path, check=True, capture_output=True)
    assert json.loads((tmp_path / "found.json").read_text()) == {
        "--help": [0, []],
        "--version": [0, []],
        "heatmap --help": [0, []],
        "layers --help": [0, []],
        "heatmap": [2, []],
        "heatmap sample:cat --nonsense": [2, []],
        "heatmpa": [2, []],
        "heatmap no.jpg": [2, []],
        "heatmap bad.png": [2, []],
        "heatmap empty": [2, []],
        "completion bash": [0, []],
        "import tfviz": [0, []],
    }


def test_help_lists_every_command_with_its_line(tfviz_cli) -> None:
    said = tfviz_cli("--help")
    assert said.code == 0
    assert all(name in said.out for name in COMMANDS)


def test_the_line_of_a_command_says_what_its_own_help_says_first() -> None:
    for module, line in COMMANDS.values():
        command = importlib.import_module(module).command
        assert line
        assert len(line) <= 72
        assert command.help


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_has_help_and_every_argument_is_explained(name: str) -> None:
    command = importlib.import_module(COMMANDS[name][0]).command
    assert command.name == name
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help, f"{name} {parameter.opts[0]}"


def test_short_help_works_on_a_command(tfviz_cli) -> None:
    said = tfviz_cli("heatmap", "-h")
    assert said.code == 0
    assert "Exit code: 0 all done, 1 some photos failed" in said.out


def test_an_unknown_command_offers_the_nearest(tfviz_cli) -> None:
    said = tfviz_cli("heatmpa", "x.jpg")
    assert said.code == 2
    assert "There is no command 'heatmpa'. Did you mean 'heatmap'?" in said.err


def test_no_command_shows_the_help_and_exits_2(tfviz_cli) -> None:
    said = tfviz_cli()
    assert said.code == 2
    assert "heatmap" in said.out + said.err


def test_version_lists_what_it_stands_on(tfviz_cli) -> None:
    said = tfviz_cli("--version")
    lines = said.out.splitlines()
    assert said.code == 0
    assert lines[0] == f"tfviz {__version__}"
    assert lines[2:] == [f"{each} {metadata.version(each)}" for each in STANDS_ON]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_completion_script_calls_back_tfviz(tfviz_cli, shell: str) -> None:
    said = tfviz_cli("completion", shell)
    assert said.code == 0
    assert f"_TFVIZ_COMPLETE={shell}_complete" in said.out


def test_an_unknown_shell_exits_2(tfviz_cli) -> None:
    said = tfviz_cli("completion", "tcsh")
    assert said.code == 2
    assert "'tcsh' is not one of 'bash', 'zsh', 'fish'" in said.err


def complete(*words: str) -> list[str]:
    from click.shell_completion import ShellComplete
    from tfviz_cli.main import cli

    found = ShellComplete(cli, {}, "tfviz", "_TFVIZ_COMPLETE").get_completions(
        list(words[:-1]), words[-1]
    )
    return [each.value for each in found if each.type == "plain"]


def test_completion_offers_models_samples_and_commands() -> None:
    assert complete("he") == ["heatmap"]
    assert complete("heatmap", "--model", "mobilenetv3") == ["MobileNetV3Small", "MobileNetV3Large"]
    assert complete("heatmap", "sample:c") == ["sample:cameraman", "sample:cat", "sample:coffee"]
    assert complete("layers", "VGG") == ["VGG16", "VGG19"]


def test_layers_lists_a_nested_model_and_marks_the_one_taken(tfviz_cli, model_file) -> None:
    said = tfviz_cli("layers", model_file)
    assert said.code == 0
    assert [line.split() for line in said.out.splitlines()[:3]] == [
        ["layer", "kind", "output"],
        ["base/conv1", "Conv2D", "7", "x", "7", "x", "4"],
        ["base/conv2", "<-", "auto", "Conv2D", "5", "x", "5", "x", "4"],
    ]
    assert said.out.splitlines()[-1] == (
        "--layer auto takes 'base/conv2': the last operation that still has places in it, before "
        "'pool' (GlobalAveragePooling2D)."
    )


def test_layers_as_json_is_one_object(tfviz_cli, model_file) -> None:
    (found,) = tfviz_cli("layers", model_file, "--json").objects()
    assert found["auto"] == "base/conv2"
    assert found["candidates"] == [
        {"path": "base/conv1", "kind": "Conv2D", "shape": [None, 7, 7, 4]},
        {"path": "base/conv2", "kind": "Conv2D", "shape": [None, 5, 5, 4]},
    ]
    assert "GlobalAveragePooling2D" in found["reason"]


def test_layers_of_a_named_architecture_needs_no_weights_and_shows_the_last_twelve(
    tfviz_cli,
) -> None:
    said = tfviz_cli("layers", "MobileNet")
    lines = said.out.splitlines()
    assert said.code == 0
    assert lines[12].startswith("conv_pw_13_relu  <- auto")
    assert lines[13].endswith("before these: --all lists them")


def test_layers_all_lists_every_candidate(tfviz_cli) -> None:
    (found,) = tfviz_cli("layers", "everyday10", "--json").objects()
    said = tfviz_cli("layers", "everyday10", "--all")
    listed = [line.split()[0] for line in said.out.splitlines()[1:] if " x " in line]
    assert listed == [each["path"] for each in found["candidates"]]


def test_layers_takes_an_output_by_name_or_index(tfviz_cli, tmp_path: Path) -> None:
    image = keras.Input((16, 16, 3))
    x = layers.Conv2D(4, 3, name="trunk")(image)
    kind = layers.Dense(3, name="kind")(layers.GlobalAveragePooling2D()(x))
    y = layers.Conv2D(2, 3, name="age_conv")(x)
    age = layers.Dense(1, name="age")(layers.GlobalAveragePooling2D()(y))
    keras.Model(image, [kind, age]).save(tmp_path / "two.keras")

    def auto(*arguments: str) -> str:
        return tfviz_cli("layers", tmp_path / "two.keras", "--json", *arguments).objects()[0][
            "auto"
        ]

    assert [auto(), auto("--output", "age"), auto("--output", "1")] == [
        "trunk", "age_conv", "age_conv",
    ]  # fmt: skip
    wrong = tfviz_cli("layers", tmp_path / "two.keras", "--output", "agee")
    assert (wrong.code, "(0: 'kind', 1: 'age'). Did you mean 'age'?" in wrong.err) == (2, True)


def test_layers_of_a_model_without_places_exits_2(tfviz_cli, tmp_path: Path) -> None:
    keras.Sequential([keras.Input((4,)), layers.Dense(3)], name="table").save(tmp_path / "m.keras")
    said = tfviz_cli("layers", tmp_path / "m.keras")
    assert said.code == 2
    assert said.err.startswith("Error: Model 'table' has no layer with places in it")
    assert len(said.err.splitlines()) == 1


def test_layers_of_no_model_offers_the_nearest(tfviz_cli, tmp_path: Path) -> None:
    said = tfviz_cli("layers", "ResNet5")
    assert said.code == 2
    assert (
        "'ResNet5' is neither a file nor a model known by name. Did you mean 'ResNet50'" in said.err
    )


def test_every_method_of_the_library_is_one_of_the_command_line() -> None:
    from tfviz_cli.heatmap import command

    from tfviz.explain.family import METHODS

    (option,) = [each for each in command.params if each.name == "method"]
    assert [option.type.convert(each, option, None) for each in METHODS] == list(METHODS)
