"""How long one waits for back-propagation through an expression, from the prompt to the page.

    python benchmarks/learn_backprop.py            # ten seconds
    python benchmarks/learn_backprop.py --check    # exit code 1 when a limit is passed

Whole processes, because that is what one waits for: the expression of the guide, a neuron, and the
largest graph that is drawn (80 operations), each with its page and its data, beside a Python that
does nothing and one that imports NumPy. Medians, in turns, so that a busy machine slows all alike.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time

LIMIT_S = 1.0
LARGEST = "; ".join(f"a{i} = tanh(a{i - 1} * w) + a{i - 1} / 2" for i in range(1, 21))
COMMANDS = {
    "python, nothing": ["-c", "pass"],
    "import numpy": ["-c", "import numpy"],
    "e = (a + b) * (b + 1)": ["e = (a + b) * (b + 1)", "a=2", "b=1"],
    "a neuron, 15 nodes": [
        *("f = 1/(1 + exp(-(w0*x0 + w1*x1 + w2)))", "w0=2", "x0=-1", "w1=-3", "x1=-2", "w2=-3"),
    ],
    "80 operations": [LARGEST, "a0=0.3", "w=0.7"],
    "--net 2-2-2, 30,000 steps": ["--net", "2-2-2"],
}


def seconds(arguments: list[str], out: str) -> float:
    if arguments[0] != "-c":
        arguments = ["-m", "tfviz_cli", "learn", "backprop", *arguments, "--out", out]
    start = time.perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, capture_output=True)
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="fail when a limit is passed")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()

    taken: dict[str, list[float]] = {name: [] for name in COMMANDS}
    with tempfile.TemporaryDirectory() as out:
        for _ in range(options.rounds):
            for name, arguments in COMMANDS.items():
                taken[name].append(seconds(arguments, out))
    nothing = statistics.median(taken["python, nothing"])
    passed = True
    print(f"{'':28}{'seconds':>9}{'x python':>10}{'limit':>7}")
    for name, each in taken.items():
        median = statistics.median(each)
        ours = not name.startswith(("python", "import"))
        passed &= not ours or median < LIMIT_S
        limit = f"{LIMIT_S:.1f}" if ours else ""
        print(f"{name:28}{median:>9.2f}{median / nothing:>10.1f}{limit:>7}")
    if options.check and not passed:
        sys.exit(1)


if __name__ == "__main__":
    main()
