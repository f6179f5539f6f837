"""What it costs to have the doctor at a script's side.

    python benchmarks/doctor_run.py            # about half a minute
    python benchmarks/doctor_run.py --check    # exit code 1 when a limit is passed

Plain Python and `tfviz doctor run` take turns, so that a busy machine slows both; medians of nine.
'work' is what a script of pure Python takes by its own clock, from its first line to its last, with
calls, allocations, imports and threads in it. 'start' is an empty script as a shell sees it.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

WORK = """
import time
start = time.process_time()
import json, threading
def step(n):
    return {str(i): [i, i * 0.5] for i in range(n)}
def many(rounds):
    for _ in range(rounds):
        json.loads(json.dumps(step(400)))
        try:
            [][1]
        except IndexError:
            pass
thread = threading.Thread(target=many, args=(500,))
thread.start()
many(3500)
thread.join()
print(time.process_time() - start)
"""
RUNS = 9
# The second in starts of Python, which a slower machine slows as well.
LIMITS = {"work": 1.02, "start": 12}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true")
    arguments = parser.parse_args()
    plain, watched = [sys.executable], [sys.executable, "-m", "tfviz_cli", "doctor", "run"]
    took = {(command, what): [] for command in ("plain", "watched") for what in ("work", "start")}
    with tempfile.TemporaryDirectory() as folder:
        work, empty = Path(folder) / "work.py", Path(folder) / "empty.py"
        work.write_text(WORK)
        empty.write_text("")
        for _ in range(RUNS):
            for name, command in (("plain", plain), ("watched", watched)):
                said = subprocess.run([*command, str(work)], capture_output=True, check=True)
                took[name, "work"].append(float(said.stdout))
                start = time.perf_counter()
                subprocess.run([*command, str(empty)], check=True)
                took[name, "start"].append(time.perf_counter() - start)
    medians = {key: statistics.median(values) for key, values in took.items()}
    ratio = medians["watched", "work"] / medians["plain", "work"]
    more = medians["watched", "start"] - medians["plain", "start"]
    print(f"{'':<8}{'python':>10}{'watched':>10}")
    for what in ("work", "start"):
        print(f"{what:<8}{medians['plain', what]:>8.3f} s{medians['watched', what]:>8.3f} s")
    print(f"work: {ratio:.3f} times as long (limit {LIMITS['work']})")
    starts = more / medians["plain", "start"]
    print(
        f"start: {more * 1000:.0f} ms more, {starts:.1f} starts of Python (limit {LIMITS['start']})"
    )
    if arguments.check and (ratio > LIMITS["work"] or starts > LIMITS["start"]):
        sys.exit(1)


if __name__ == "__main__":
    main()
