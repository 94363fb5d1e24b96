"""Whole processes measured from outside: seconds from the start of the first to the end of the last, and memory."""

import os
import re
import statistics
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from .peers import Peer

TIMED_OUT = 124  # the status of `timeout`
PATTERNS = (
    r'"states": "?(\d+)', r"(\d+) states, stored", r"\* (\d+) states", r"'reachable_states': (\d+)", r"(\d+) states",
)  # fmt: skip


class Result(NamedTuple):
    """Median seconds of the runs (None if there is no result: `said` tells why), largest megabytes, states found."""

    seconds: float | None = None
    megabytes: int = 0
    states: int | None = None
    said: str = ""


class Plan(NamedTuple):
    """How often to run, and what is too long."""

    runs: int
    slow_runs: int  # for those that take more than SLOW seconds
    limit: int  # seconds for one run
    environment: dict[str, str]


SLOW = 10.0


def measure(peers: Sequence[Peer], folder: Path, plan: Plan) -> dict[str, Result]:
    """Run the peers in turn, so that what else goes on in the machine meets all of them."""
    samples: dict[str, list[Result]] = {peer.name: [] for peer in peers}
    for number in range(plan.runs):
        for peer in peers:
            before = samples[peer.name]
            slow = any((sample.seconds or 0) > SLOW for sample in before)
            if all(sample.seconds is not None for sample in before) and not (slow and number >= plan.slow_runs):
                before.append(_run(peer, folder, plan))
    return {name: _together(found) for name, found in samples.items()}


def _together(samples: Sequence[Result]) -> Result:
    failed = [sample for sample in samples if sample.seconds is None]
    if failed:
        return failed[0]
    seconds = statistics.median(sample.seconds or 0.0 for sample in samples)
    return samples[0]._replace(seconds=seconds, megabytes=max(sample.megabytes for sample in samples))


def _run(peer: Peer, folder: Path, plan: Plan) -> Result:
    """One run. `timeout` ends all processes of the command, not only the first."""
    command = ["timeout", str(plan.limit), "sh", "-c", peer.command]
    with (folder / "said").open("w+b") as output:
        started = time.perf_counter()
        process = subprocess.Popen(command, cwd=folder, stdout=output, stderr=output, env=plan.environment)
        # Not process.wait(): this also tells the memory, of the largest process that there was.
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        output.seek(0)
        said = output.read().decode(errors="replace")
    process.returncode = os.waitstatus_to_exitcode(status)
    megabytes = usage.ru_maxrss // 1024
    problem = _problem(peer, process.returncode, said, plan.limit)
    return Result(None, megabytes, None, problem) if problem else Result(seconds, megabytes, states_in(said))


def _problem(peer: Peer, status: int, said: str, limit: int) -> str:
    """Why a run is no result, "" if it is one."""
    if status == TIMED_OUT:
        return f"> {limit} s"
    if "Search not completed" in said or '"complete": false' in said:
        return "out of memory"
    if status and not (peer.may_fail and status == 1 and states_in(said)):
        return f"failed with status {status}"
    return ""


def states_in(said: str) -> int | None:
    """The number of states that an engine reported."""
    for pattern in PATTERNS:
        match = re.search(pattern, said)
        if match:
            return int(match[1])
    return None
