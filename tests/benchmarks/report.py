"""The table of a benchmark, in Markdown, and what it says about growth."""

from collections.abc import Mapping, Sequence
from math import isclose
from pathlib import Path

from sevviz.scale import fit_exponent, measure

from .measure import Result

Case = tuple[str, str]  # a scheme and a scenario
Results = Mapping[tuple[Case, str], Result]  # by case and engine

BEGIN, END = "<!-- benchmark -->", "<!-- end of benchmark -->"
FAMILIES = (("naive", 32), ("flag_then_mutex", 32), ("v4", 12))  # schemes and the largest rings to fit


def markdown(cases: Sequence[Case], engines: Sequence[str], results: Results) -> str:
    """A row for each engine, a column for each case: seconds, how many times those of the first engine, memory."""
    states = {case: results[case, engines[0]].states for case in cases}
    lines = [
        "| | " + " | ".join(f"`{scheme}` {scenario}" for scheme, scenario in cases) + " |",
        "|---|" + "---|" * len(cases),
        "| states | " + " | ".join(_number(states[case]) for case in cases) + " |",
    ]
    for engine in engines:
        cells = [_cell(results[case, engine], results[case, engines[0]]) for case in cases]
        lines.append(f"| {engine} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


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


def write(text: str, path: Path) -> None:
    """Put the text between the two markers of a file."""
    before, rest = path.read_text(encoding="utf-8").split(BEGIN)
    path.write_text(f"{before}{BEGIN}\n{text}\n{END}{rest.split(END)[1]}", encoding="utf-8")
