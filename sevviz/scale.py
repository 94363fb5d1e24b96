"""How the cost of certainty grows with the number of VMs: one row for each size of a family of scenarios."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

from sevviz.catalogue import program
from sevviz.errors import ScenarioError
from sevviz.families import FAMILIES
from sevviz.symbolic import Limits, check_symbolic

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from sevviz.csource import Scheme

__all__ = ["Row", "fit_exponent", "measure", "plot", "sizes", "table"]

FEWEST_ROWS = 3  # for a fit


class Row(NamedTuple):
    """One size: what was found and what it took. `seconds` are those of the search, without reading the C text."""

    size: int
    tasks: int
    states: int | None  # None where a limit stopped the search
    nodes: int
    seconds: float
    status: str
    shortest: int | None  # steps of the nearest deadlock


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
        yield Row(size, tasks, verdict.states, verdict.nodes, seconds, verdict.status, shortest)
        if not verdict.complete:
            return


def table(rows: Iterable[Row]) -> str:
    """The rows as text."""
    lines = [f"{'N':>3} {'tasks':>5} {'states':>12} {'nodes':>9} {'seconds':>8}  verdict"]
    for row in rows:
        states = "-" if row.states is None else str(row.states) if row.states < 10**10 else f"{row.states:.2e}"
        verdict = row.status if row.shortest is None else f"{row.status}: deadlock after {row.shortest} steps"
        lines.append(f"{row.size:>3} {row.tasks:>5} {states:>12} {row.nodes:>9} {row.seconds:>8.3f}  {verdict}")
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


def plot(rows: Iterable[Row], path: Path, title: str = "") -> None:
    """Draw states, nodes and seconds against N, on logarithmic scales, into a file that matplotlib can write."""
    import matplotlib.pyplot as plt

    known = [row for row in rows if row.states is not None]
    chosen = [row.size for row in known]
    figure, axes = plt.subplots(figsize=(6, 4), layout="constrained")
    axes.plot(chosen, [float(row.states or 0) for row in known], "o-", color="#0072B2", label="states")
    axes.plot(chosen, [row.nodes for row in known], "s--", color="#D55E00", label="nodes of diagrams")
    axes.plot(chosen, [row.seconds for row in known], "^:", color="#000000", label="seconds")
    axes.set(xlabel="N", yscale="log", title=title)
    axes.legend()
    figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)
    plt.close(figure)
