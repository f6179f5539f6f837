"""Packages and files that aren't there, whatever their names; files that aren't text."""

from __future__ import annotations

import pytest
from click.testing import CliRunner
from tfviz_cli.main import cli

from tfviz.catalogue.packages import distribution_of
from tfviz.doctor.explain import explain_error

HEAD = 'Traceback (most recent call last):\n  File "go.py", line 1, in <module>\n    '


@pytest.mark.parametrize(
    ("module", "package"),
    [
        ("pandas", "pandas"), ("tqdm", "tqdm"), ("requests", "requests"), ("wandb", "wandb"),
        ("transformers", "transformers"), ("some_rare_thing", "some-rare-thing"),
        ("seaborn", "seaborn"), ("torch", "torch"), ("yaml", "pyyaml"), ("cv2", "opencv-python"),
        ("PIL", "pillow"), ("sklearn", "scikit-learn"), ("skimage", "scikit-image"),
        ("bs4", "beautifulsoup4"), ("dateutil", "python-dateutil"),
    ],
)  # fmt: skip
def test_a_missing_package_is_installed_by_its_name(module, package):
    said = f"ModuleNotFoundError: No module named '{module}'\n"
    for text in (f"{HEAD}import {module}\n{said}", said):
        (finding,) = explain_error(text).findings
        assert finding.commands == (f"python -m pip install {package}",)
        assert "PACKAGE" not in finding.fix


def test_a_part_of_a_package_is_installed_by_the_package():
    assert distribution_of("sklearn.svm") == "scikit-learn"
    assert distribution_of("google.protobuf") == "protobuf"


@pytest.mark.parametrize("module", ["flask", "rest_framework", "airflow.models"])
def test_modules_of_servers_are_left_alone(module):
    text = f"{HEAD}import {module}\nModuleNotFoundError: No module named '{module}'\n"
    assert explain_error(text).findings == ()


@pytest.mark.parametrize(
    "code",
    [
        'json.load(open("cfg.json"))',
        'open("labels.txt")',
        "open('data/labels.txt', encoding='utf8')",
        "open(os.path.join(folder, name))",
        "open(path, 'rb')",
    ],
)
def test_a_missing_file_is_told_whatever_it_is_called(code):
    text = f"{HEAD}{code}\nFileNotFoundError: [Errno 2] No such file or directory: 'cfg.json'\n"
    (finding,) = explain_error(text).findings
    assert finding.id == "fs.file_missing"
    assert "'cfg.json'" in finding.title


def test_a_file_to_write_is_no_missing_file():
    said = "FileNotFoundError: [Errno 2] No such file or directory: 'out/log.txt'\n"
    (finding,) = explain_error(f"{HEAD}open('out/log.txt', 'w')\n{said}").findings
    assert finding.id == "fs.parent_dir_missing"


def explained(path):
    return CliRunner().invoke(cli, ["doctor", "explain", str(path)])


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\xff\xd8\xff\xe0" + bytes(range(256)) * 8, "is a JPEG picture"),
        (b"PK\x03\x04" + bytes(200), "zip archive, as .keras"),
        (bytes(range(256)), "holds bytes that are no text"),
        (b"", "is empty"),
    ],
)
def test_a_file_without_text_is_unreadable_not_fine(tmp_path, content, said):
    path = tmp_path / "x.bin"
    path.write_bytes(content)
    ran = explained(path)
    assert ran.exit_code == 2
    assert said in ran.output
    assert "Nothing wrong" not in ran.output


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_text_in_any_encoding_of_consoles_is_read(tmp_path, encoding):
    path = tmp_path / "error.txt"
    path.write_bytes(
        "\x1b[31mModuleNotFoundError: No module named 'tqdm'\x1b[0m\n".encode(encoding)
    )
    assert "pip install tqdm" in explained(path).output


@pytest.mark.parametrize(
    ("words", "typed"),
    [
        (["opencv"], "tfviz doctor env opencv"),
        (["train.py"], "tfviz doctor run train.py"),
        (["study.ipynb"], "tfviz doctor run study.ipynb"),
        (["error.log"], "tfviz doctor explain error.log"),
    ],
)
def test_what_is_meant_without_a_command_is_said(words, typed):
    ran = CliRunner().invoke(cli, ["doctor", *words])
    assert ran.exit_code == 2
    assert f"Did you mean `{typed}`?" in ran.output


def test_options_may_stand_before_the_command_of_the_doctor():
    before = CliRunner().invoke(cli, ["doctor", "-v", "env", "variables"])
    assert "There is no check" not in before.output
    assert before.output == CliRunner().invoke(cli, ["doctor", "env", "-v", "variables"]).output
