"""`python -m benchmarks` in the folder tests: whole-process times and memory of sevviz and its peers, as a table.

Each number is the median of several runs from the start of the first process to the end of the last. Peers that are not
here are named. NuSMV: `--nusmv PYTHON`, a Python with pynusmv; Harmony: `--harmony COMMAND` (on PyPI: harmony).
"""

import argparse
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from .peers import Peer, peers

SLOW = 60.0  # seconds after which one run is enough
MAY_FAIL = (0, 1)  # sevviz exits with 1 where it finds something wrong
CASES = (
    ("flag_then_mutex", "double"), ("flag_then_mutex", "ring3"), ("flag_then_mutex", "ring6"),
    ("flag_then_mutex", "ring7"), ("flag_then_mutex", "ring8"), ("v4", "ring8"), ("flag_then_mutex", "ring32"),
    ("naive", "ring32"),
)  # fmt: skip
LIMIT = 300  # seconds for one run
TIMED_OUT = 124  # the status of timeout


class Result(NamedTuple):
    """A peer's median seconds and largest megabytes, and what it said; seconds are None if a run did not end well."""

    seconds: float | None
    megabytes: int
    said: str


def measure(peer: Peer, folder: Path, runs: int) -> Result:
    """Run a peer several times; once is enough to see that it takes more than a minute."""
    times, most, said = list[float](), 0, ""
    while len(times) < runs and (not times or times[0] < SLOW):
        started = time.perf_counter()
        # timeout ends all processes of the command, not only the first.
        command = ["timeout", str(LIMIT), "/usr/bin/time", "-f", "peak %M", "sh", "-c", peer.command]
        environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env=environment)
        if done.returncode == TIMED_OUT:
            return Result(None, most, f"more than {LIMIT:.0f} s")
        times.append(time.perf_counter() - started)
        said = done.stdout + done.stderr
        most = max(most, int(re.findall(r"peak (\d+)", done.stderr)[-1]) // 1024)
        if done.returncode not in (MAY_FAIL if peer.name.startswith("sevviz") else (0,)):
            return Result(None, most, f"failed with status {done.returncode}")
        if "Search not completed" in said or '"complete": false' in said:
            return Result(None, most, "reached a limit")
    return Result(statistics.median(times), most, said)


def states_in(said: str) -> str:
    """The number of states that an engine reported."""
    for pattern in (r'"states": "?(\d+)', r"(\d+) states, stored", r"(\d+) states", r"\* (\d+) states"):
        match = re.search(pattern, said)
        if match:
            return match[1]
    return "-"


def main() -> int:
    """Measure and print a table in Markdown."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--nusmv", default="", metavar="PYTHON")
    parser.add_argument("--harmony", default="", metavar="COMMAND")
    parser.add_argument("--case", action="append", metavar="SCHEME:SCENARIO", help="default: all")
    options = parser.parse_args()
    cases = [tuple(case.split(":")) for case in options.case] if options.case else list(CASES)
    sys.stdout.write("| case | engine | states | seconds | times sevviz | MB |\n|---|---|---|---|---|---|\n")
    for scheme, scenario in cases:
        with tempfile.TemporaryDirectory() as folder:
            found = peers(scheme, scenario, Path(folder), nusmv=options.nusmv, harmony=options.harmony)
            base: float | None = None
            for peer in found:
                result = measure(peer, Path(folder), options.runs) if not peer.missing else None
                base = base or (result.seconds if result else None)
                sys.stdout.write(line(f"{scheme} {scenario}", peer, result, base) + "\n")
                sys.stdout.flush()
    return 0


def line(case: str, peer: Peer, result: Result | None, base: float | None) -> str:
    """One row of the table."""
    if result is None:
        return f"| {case} | {peer.name} | | skipped: {peer.missing} | | |"
    if result.seconds is None:
        return f"| {case} | {peer.name} | - | {result.said} | | {result.megabytes} |"
    ratio = f"{result.seconds / base:.1f}" if base else ""
    return f"| {case} | {peer.name} | {states_in(result.said)} | {result.seconds:.3f} | {ratio} | {result.megabytes} |"


if __name__ == "__main__":
    sys.exit(main())
