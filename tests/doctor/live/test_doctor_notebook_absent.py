"""`tfviz doctor run NOTEBOOK.ipynb` without the extra."""

import subprocess
import sys
from pathlib import Path


def test_notebook_without_the_extra_says_what_to_install(tmp_path: Path) -> None:
    code = (
        "import sys\nsys.modules['nbclient'] = None\n"
        "from tfviz_cli.main import run\nsys.exit(run(['doctor', 'run', 'study.ipynb']))"
    )
    (tmp_path / "study.ipynb").write_text("{}")
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 2
    assert done.stderr == (
        "Error: Running a notebook needs nbclient and ipykernel: "
        "python -m pip install 'tfviz[notebook]'\n"
    )
