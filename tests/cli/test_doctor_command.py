"""`tfviz doctor`: ways in, forms out, exit codes."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ERROR = "TypeError: Invalid shape (1, 64, 64, 3) for image data\n"


@pytest.fixture
def texts(tmp_path: Path) -> dict[str, Path]:
    made = {
        "known": ERROR,
        "unknown": "mylib.BoomError: kaboom\n",
        "fine": "epoch 1 done\nall well\n",
    }
    for name, text in made.items():
        (tmp_path / name).write_text(text)
    return {name: tmp_path / name for name in made}


@pytest.mark.parametrize(("name", "code"), [("known", 1), ("unknown", 3), ("fine", 0)])
def test_exit_code_says_what_was_found(tfviz_cli, texts, name, code) -> None:
    assert tfviz_cli("doctor", "explain", texts[name]).code == code


def test_missing_file_is_unreadable(tfviz_cli, tmp_path: Path) -> None:
    said = tfviz_cli("doctor", "explain", tmp_path / "no.txt")
    assert said.code == 2
    assert "No such file or directory" in said.err


def test_an_error_in_place_of_a_file_is_read_as_it_is(tfviz_cli) -> None:
    said = tfviz_cli("doctor", "explain", "--json", ERROR.strip())
    assert said.code == 1
    assert said.objects()[0]["findings"][0]["id"] == "viz.imshow_shape.batch_dim"
    assert said.objects()[0]["input"] == "text"


def test_a_file_is_read_also_when_its_name_looks_like_an_error(tfviz_cli, tmp_path: Path) -> None:
    (tmp_path / "note: x").write_text("all well\n")
    assert tfviz_cli("doctor", "explain", tmp_path / "note: x").code == 0


def test_an_unknown_command_offers_near_ones(tfviz_cli) -> None:
    said = tfviz_cli("doctor", "explian")
    assert said.code == 2
    assert "There is no command 'explian'. Did you mean 'explain'?" in said.err


def test_several_files_give_one_object_a_line_in_order(tfviz_cli, texts) -> None:
    said = tfviz_cli("doctor", "explain", "--json", texts["fine"], texts["known"], texts["unknown"])
    objects = said.objects()
    assert [each["recognised"] for each in objects] == [False, True, False]
    assert objects[1]["findings"][0]["id"] == "viz.imshow_shape.batch_dim"
    assert said.code == 1


def test_show_prints_wrong_and_right(tfviz_cli) -> None:
    said = tfviz_cli("doctor", "show", "viz.imshow_shape.batch_dim")
    assert said.code == 0
    assert "Wrong:" in said.out
    assert "Right:" in said.out


def test_show_of_an_unknown_id_offers_near_ones(tfviz_cli) -> None:
    said = tfviz_cli("doctor", "show", "viz.imshow_shape.batchdim")
    assert said.code == 2
    assert "Did you mean 'viz.imshow_shape.batch_dim'" in said.err


def test_list_of_a_family(tfviz_cli) -> None:
    lines = tfviz_cli("doctor", "list", "viz").out.splitlines()
    assert all(line.startswith("viz.") for line in lines)
    assert any(line.startswith("viz.imshow_shape.batch_dim ") for line in lines)


def test_list_of_an_unknown_family_names_those_there_are(tfviz_cli) -> None:
    said = tfviz_cli("doctor", "list", "vizz")
    assert said.code == 2
    assert "Did you mean 'viz'" in said.err


def test_a_pipe_is_echoed_then_explained() -> None:
    program = [sys.executable, "-m", "tfviz_cli", "doctor", "explain"]
    run = subprocess.run([*program, "-"], input=ERROR, capture_output=True, text=True, check=False)
    assert run.returncode == 1
    assert run.stdout.startswith(ERROR)
    assert "[viz.imshow_shape.batch_dim, certain]" in run.stdout
    run = subprocess.run(
        [*program, "--json"], input=ERROR, capture_output=True, text=True, check=False
    )
    assert json.loads(run.stdout)["input"] == "standard input"


def test_explaining_imports_nothing_heavy(texts) -> None:
    code = (
        "import sys; from tfviz_cli.main import run\n"
        f"code = run(['doctor', 'explain', {str(texts['known'])!r}])\n"
        "heavy = {'tensorflow', 'keras', 'cv2', 'matplotlib', 'numpy', 'rich', 'tomllib'}\n"
        "print(sorted(heavy & set(sys.modules)), code)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    # tomllib reads the one diagnosis that is shown, never the catalogue.
    assert run.stdout.splitlines()[-1] == "['tomllib'] 1"
