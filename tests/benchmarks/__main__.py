"""`python -m benchmarks` in the folder tests: whole-process times and memory of sevviz and its peers, as a table.

Each number is the median of several runs. Peers that are not here are named. `--readme` puts the table into README.md.
NuSMV: `--nusmv PYTHON`, a Python with pynusmv (on PyPI, for Python 3.6); Harmony: `--harmony COMMAND`; minicheck:
`--minicheck PYTHON` (both on PyPI).
"""

import argparse
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from .measure import Plan, Result, measure
from .peers import FIRST, Peer, Tools, peers
from .readme import put
from .report import Case, growth, pairings, table

ROOT = Path(__file__).parents[2]
CASES = (
    ("flag_then_mutex", "double"), ("flag_then_mutex", "ring5"), ("flag_then_mutex", "ring7"),
    ("flag_then_mutex", "ring8"), ("flag_then_mutex", "ring32"), ("v4", "ring8"), ("naive", "ring32"),
)  # fmt: skip
MOST = 1 << 64  # states; nothing that visits them is tried on more
SURELY = 3  # times the limit: what is expected to take so long is not tried
ENOUGH = 0.3  # seconds more than for the smallest case tell how many states an engine visits in a second


def main() -> int:
    """Measure, print and perhaps write a table in Markdown."""
    options = _parser().parse_args()
    cases: list[Case] = [(scheme, scenario) for scheme, _, scenario in (c.partition(":") for c in options.case)]
    tools = Tools(options.nusmv, options.harmony, options.minicheck)
    results: dict[tuple[Case, str], Result] = {}
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as compiled:
        plan = Plan(options.runs, options.slow_runs, options.limit, _environment(compiled))
        for scheme, scenario in cases or CASES:
            with tempfile.TemporaryDirectory() as folder:
                found = peers(scheme, scenario, Path(folder), tools)
                _run_case((scheme, scenario), found, Path(folder), plan, results)
    said = _text(list(cases or CASES), [peer.name for peer in found], results, options)
    sys.stdout.write(f"{said}\n\n{time.monotonic() - started:.0f} s in all\n")
    if options.readme:
        put("benchmark", said, ROOT / "README.md")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--slow-runs", type=int, default=5, metavar="N", help="of what takes more than 10 s")
    parser.add_argument("--limit", type=int, default=60, metavar="SECONDS", help="for one run; default: 60")
    parser.add_argument("--nusmv", default="", metavar="PYTHON")
    parser.add_argument("--harmony", default="", metavar="COMMAND")
    parser.add_argument("--minicheck", default="", metavar="PYTHON")
    parser.add_argument("--case", action="append", default=[], metavar="SCHEME:SCENARIO", help="default: all")
    parser.add_argument("--readme", action="store_true", help="put the table into README.md")
    return parser


def _environment(compiled: str) -> dict[str, str]:
    """With compiled modules, as an installation has them: in a folder of their own, and made before the first run."""
    without = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment = {**without, "PYTHONPATH": str(ROOT), "PYTHONPYCACHEPREFIX": compiled}
    for engine in ("explicit", "symbolic"):
        command = [sys.executable, "-m", "sevviz", "check", "flag_then_mutex", "--json", "--engine", engine]
        subprocess.run(command, env=environment, capture_output=True, check=True)
    return environment


def _run_case(case: Case, found: list[Peer], folder: Path, plan: Plan, results: dict[tuple[Case, str], Result]) -> None:
    """Measure one case; what is missing or would take too long is said instead."""
    results[case, FIRST] = measure(found[:1], folder, plan._replace(runs=1))[FIRST]
    states = results[case, FIRST].states or MOST
    todo = []
    for peer in found:
        seconds = expected(peer, states, results)
        if peer.missing:
            results[case, peer.name] = Result(said=f"not run: {peer.missing}")
        elif seconds > SURELY * plan.limit:
            results[case, peer.name] = Result(said=_too_long(seconds))
        else:
            todo.append(peer)
    results.update({(case, name): result for name, result in measure(todo, folder, plan).items()})
    for peer in found:
        sys.stderr.write(f"{' '.join(case)}, {peer.name}: {results[case, peer.name]}\n")


def expected(peer: Peer, states: int, results: dict[tuple[Case, str], Result]) -> float:
    """Seconds that a peer will take by its rate on the smaller cases, 0 if nothing can be said."""
    if not peer.visits:
        return 0.0
    if states >= MOST:
        return float(states)
    # By the states of the program, not those that a peer with reductions has left.
    known = [
        (result.seconds, results[case, FIRST].states or MOST)
        for (case, name), result in results.items()
        if name == peer.name and result.seconds
    ]
    fastest = min((seconds for seconds, _ in known), default=0.0)
    rates = [(seconds - fastest) / count for seconds, count in known if seconds - fastest > ENOUGH]
    return rates[-1] * states if rates else 0.0


def _too_long(seconds: float) -> str:
    if seconds > 86_400 * 365:
        return "out of reach"
    amount, unit = (seconds / 3600, "hours") if seconds > 7200 else (seconds / 60, "minutes")
    return f"not run: about {amount:.0f} {unit}"


def _text(
    cases: list[Case], engines: list[str], results: dict[tuple[Case, str], Result], options: argparse.Namespace
) -> str:
    runs = f"medians of {options.runs} runs"
    if options.slow_runs < options.runs:
        runs += f" ({options.slow_runs} of what takes more than 10 s)"
    machine = f"{os.cpu_count()} CPUs, Python {platform.python_version()}"
    about = f"Whole processes, compilers included, {runs} on {machine}; `x` is times the first engine."
    about += " What would take minutes, by its rate on smaller rings, was not run."
    return f"{about}\n\n{table(cases, engines, results)}\nGrowth in rings of N: {growth()}\n\n{pairings()}\n"


if __name__ == "__main__":
    sys.exit(main())
