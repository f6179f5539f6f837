"""How long the doctor takes: one error by the command, and a log of ten megabytes.

    python benchmarks/doctor.py            # about twenty seconds
    python benchmarks/doctor.py --check    # exit code 1 when a limit is passed

Medians of five in one run. The log is also given as a ratio to reading its lines and decoding them,
which a slower machine slows as well.
"""

from __future__ import annotations

import argparse
import io
import random
import statistics
import subprocess
import sys
import time

from tfviz.doctor.explain import explain_stream

ERROR = "TypeError: Invalid shape (1, 64, 64, 3) for image data\n"
RUNS = 5


def median(call):
    took = []
    for _ in range(RUNS):
        start = time.perf_counter()
        call()
        took.append(time.perf_counter() - start)
    return statistics.median(took)


def log(size):
    numbers = random.Random(0)
    lines, length = [], 0
    while length < size:
        line = f"12:00:{len(lines) % 60:02d} step {len(lines)} loss 0.{numbers.randrange(10**6)} "
        lines.append(f"{line}batch_{numbers.randrange(10**5)}\n")
        length += len(lines[-1])
    return ("".join(lines) + ERROR).encode()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true")
    arguments = parser.parse_args()
    command = [sys.executable, "-m", "tfviz_cli", "doctor", "explain"]
    one = median(lambda: subprocess.run(command, input=ERROR, capture_output=True, text=True))
    data = log(10_000_000)
    long = median(lambda: explain_stream(io.BytesIO(data), "log"))
    plain = median(lambda: [line.decode() for line in io.BytesIO(data)])
    print(f"{'':<28}{'median s':>10}{'limit':>8}")
    print(f"{'tfviz doctor explain':<28}{one:>10.3f}{0.35:>8.2f}")
    print(f"{'10 MB of log':<28}{long:>10.3f}{2.0:>8.2f}   {long / plain:.0f} x reading its lines")
    if arguments.check and (one > 0.35 or long > 2.0):
        sys.exit(1)


if __name__ == "__main__":
    main()
