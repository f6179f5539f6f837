"""`tfviz methods`: all methods, their costs and needs, without TensorFlow."""

from __future__ import annotations

import json
import subprocess
import sys

from tfviz.explain.family import FAMILY, NEEDS


def test_table_names_every_method_with_cost_need_and_use(tfviz_cli) -> None:
    said = tfviz_cli("methods")
    assert said.code == 0
    words = " ".join(said.out.split())
    rows = [line.split()[0] for line in said.out.splitlines() if line[:1].islower()]
    assert rows[1 : len(FAMILY) + 1] == list(FAMILY)
    assert "1 forward, 1 head backward" in words
    assert max(map(len, said.out.splitlines())) <= 100


def test_json_has_the_same_and_words_for_needs(tfviz_cli) -> None:
    found = {each["name"]: each for each in json.loads(tfviz_cli("methods", "--json").out)}
    assert list(found) == list(FAMILY)
    assert found["gradcam"]["class"] == "GradCAM"
    assert found["cam"]["needs"] == [NEEDS["pooling"]]
    assert set(found["fem"]) == {"class", "name", "cost", "when", "needs"}


def test_listing_methods_imports_no_tensorflow() -> None:
    code = (
        "import sys; from tfviz_cli.main import run; code = run(['methods']);"
        "assert code == 0; print(sorted({'tensorflow', 'keras', 'numpy'} & set(sys.modules)))"
    )
    said = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert said.stdout.splitlines()[-1] == "[]"
