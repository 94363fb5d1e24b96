"""The table of a benchmark, in Markdown, and what it says about growth."""

import statistics
import time
from collections.abc import Mapping, Sequence
from math import isclose
from random import Random

from sevviz.catalogue import program
from sevviz.scale import fit_exponent, measure
from sevviz.symbolic import check_symbolic

from .measure import Result
from .readme import markdown

Case = tuple[str, str]  # a scheme and a scenario
Results = Mapping[tuple[Case, str], Result]  # by case and engine

SEEDS = 50
FAMILIES = (("naive", 32), ("flag_then_mutex", 32), ("v4", 32))  # schemes and the largest rings to fit


def table(cases: Sequence[Case], engines: Sequence[str], results: Results) -> str:
    """A row for each engine, a column for each case: seconds, how many times those of the first engine, memory."""
    states = [_number(results[case, engines[0]].states) for case in cases]
    rows = [
        [engine, *(_cell(results[case, engine], results[case, engines[0]]) for case in cases)] for engine in engines
    ]
    return markdown(["", *(f"`{scheme}` {scenario}" for scheme, scenario in cases)], [["states", *states], *rows])


def _number(states: int | None) -> str:
    if states is None:
        return "?"
    return f"{states:,}" if states < 10**10 else f"{states:.1e}"


def _cell(result: Result, base: Result) -> str:
    if result.seconds is None:
        return result.said
    times = f"{result.seconds / base.seconds:.3g} x, " if base.seconds and result is not base else ""
    other = "" if _same(result.states, base.states) else f"<br>{_number(result.states)} states"
    return f"{result.seconds:.3g} s<br>{times}{result.megabytes} MB{other}"


def _same(one: int | None, other: int | None) -> bool:
    """Whether the numbers are the same, as far as an engine that counts in floating point can tell."""
    return one == other or (one is not None and other is not None and isclose(one, other, rel_tol=1e-12))


def growth() -> str:
    """How the symbolic search grows with the number of VMs in a ring, by a fit."""
    found = []
    for scheme, most in FAMILIES:
        rows = [row for row in measure(scheme, "ring", most) if row.states]
        power, last, half = fit_exponent(rows), rows[-1], rows[len(rows) // 2]
        factor = ((last.states or 1) / (half.states or 1)) ** (1 / (last.size - half.size))
        found.append(
            f"`{scheme}` (to {last.size} VMs): nodes as N to the power {power:.1f}, while each VM"
            f" makes {factor:.1f} times as many states"
        )
    return "; ".join(found) + "."


def pairings() -> str:
    """How long the symbolic search takes for random pairs of VMs, which are harder than rings."""
    times, unfinished = list[float](), 0
    for seed in range(SEEDS):
        chance = Random(seed)  # noqa: S311 - repeatable, not secret
        pairs = [chance.sample("ABCDEFGH", 2) for _ in range(8)]
        asked = program("v4", tasks=tuple(f"migrate({dst}, {src})" for src, dst in pairs))
        started = time.perf_counter()
        verdict = check_symbolic(asked)
        times.append(time.perf_counter() - started)
        unfinished += not verdict.complete
    found = f"median {statistics.median(times):.2g} s, worst {max(times):.2g} s"
    return f"`v4` with 8 moves between random pairs of 8 VMs, {SEEDS} seeds: {found}, {unfinished} inconclusive."
