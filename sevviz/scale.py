"""How the cost of certainty grows with the number of VMs: one row for each size of a family of scenarios."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, NamedTuple

from sevviz.catalogue import program
from sevviz.counting import counted
from sevviz.errors import ScenarioError
from sevviz.families import FAMILIES
from sevviz.symbolic import Limits, check_symbolic

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from sevviz.csource import Scheme

__all__ = ["Row", "fit_exponent", "measure", "sizes", "table"]

FEWEST_ROWS = 3  # for a fit


class Row(NamedTuple):
    """One size: what was found and what it took.

    `seconds` are those of the search, without reading the C text; `megabytes` the most memory that the process has had
    so far, None where the system does not tell.
    """

    size: int
    tasks: int
    states: int | None  # None where a limit stopped the search
    nodes: int
    seconds: float
    status: str
    shortest: int | None  # steps of the nearest deadlock
    megabytes: float | None = None


def sizes(family: str, most: int) -> list[int]:
    """The sizes to measure: every one up to 4, then in growing strides, and the largest."""
    found = next((f for f in FAMILIES if f.name == family), None)
    if found is None:
        message = f"no family of scenarios {family!r}; there are {', '.join(f.name for f in FAMILIES)}"
        raise ScenarioError(message)
    if not found.least <= most <= found.most:
        message = f"{family} goes from {found.least} to {found.most}, not to {most}"
        raise ScenarioError(message)
    chosen, size = list[int](), found.least
    while size < most:
        chosen.append(size)
        size += max(1, size // 4)
    return [*chosen, most]


def measure(
    scheme: Scheme | str | Path, family: str, most: int, limits: Limits | None = None
) -> Iterator[Row]:  # fmt: skip
    """A row for each size of a family, as they are found. Stops after the first size that reaches a limit."""
    for size in sizes(family, most):
        asked = program(scheme, f"{family}{size}")
        started = time.perf_counter()
        allowed = limits or Limits()
        fresh = Limits(allowed.nodes, allowed.megabytes, allowed.seconds, allowed.progress)
        verdict = check_symbolic(asked, fresh)
        seconds = time.perf_counter() - started
        shortest = min((len(found.schedule) for found in verdict.deadlocks), default=None)
        tasks = len(asked.tasks)
        yield Row(size, tasks, verdict.states, verdict.nodes, seconds, verdict.status, shortest, _megabytes())
        if not verdict.complete:
            return


def _megabytes() -> float | None:
    try:
        from resource import RUSAGE_SELF, getrusage
    except ImportError:  # not a Unix
        return None
    most = getrusage(RUSAGE_SELF).ru_maxrss
    return most / 2**20 if sys.platform == "darwin" else most / 2**10  # bytes there, kilobytes elsewhere (getrusage(2))


def table(rows: Iterable[Row], *, with_memory: bool = True) -> str:
    """The rows as text. Memory says something only where the process did nothing else before, as on a command line."""
    head = f"{'N':>3} {'tasks':>5} {'states':>13} {'nodes':>9} {'seconds':>8}"
    lines = [f"{head}{'     MB' if with_memory else ''}  verdict"]
    for row in rows:
        states = "-" if row.states is None else f"{row.states:,}" if row.states < 10**10 else f"{row.states:.2e}"
        after = "" if row.shortest is None else f": deadlock after {counted(row.shortest, 'step')}"
        memory = "-" if row.megabytes is None else f"{row.megabytes:,.0f}"
        numbers = f"{row.size:>3} {row.tasks:>5} {states:>13} {row.nodes:>9,} {row.seconds:>8.3f}"
        lines.append(f"{numbers}{f' {memory:>6}' if with_memory else ''}  {row.status}{after}")
    return "\n".join(lines)


def fit_exponent(rows: Iterable[Row]) -> float | None:
    """The p of "nodes grow as N to the power p", by least squares on logarithms; None for fewer than three rows."""
    from math import log

    points = [(log(row.size), log(row.nodes)) for row in rows if row.nodes and row.states is not None]
    if len(points) < FEWEST_ROWS:
        return None
    middle_x, middle_y = (sum(values) / len(points) for values in zip(*points, strict=True))
    spread = sum((x - middle_x) ** 2 for x, _ in points)
    return sum((x - middle_x) * (y - middle_y) for x, y in points) / spread if spread else None
