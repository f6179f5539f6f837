"""How long `tfviz doctor` takes, beside what others do.

python benchmarks/doctor_env.py [--runs N]
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time

CASES = {
    "python, doing nothing": [sys.executable, "-c", "pass"],
    "tfviz doctor": [
        sys.executable, "-c", "from tfviz_cli.doctor_env import command; command.main()",
    ],
    "packages_distributions()": [
        sys.executable, "-c", "from importlib import metadata; metadata.packages_distributions()",
    ],
    "pip check": [sys.executable, "-m", "pip", "check"],
    "import tensorflow": [sys.executable, "-c", "import tensorflow"],
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=7)
    runs = parser.parse_args().runs
    print(f"{'':28}{'median s':>10}{'least s':>10}")
    for name, command in CASES.items():
        took = []
        for _ in range(runs):
            began = time.perf_counter()
            subprocess.run(command, capture_output=True, check=False)
            took.append(time.perf_counter() - began)
        print(f"{name:28}{statistics.median(took):>10.3f}{min(took):>10.3f}")


if __name__ == "__main__":
    main()
