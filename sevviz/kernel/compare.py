"""The model against the kernel: the same turns, line by line, and the kernel's reports against the predicted ones."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sevviz.kernel.boot import boot
from sevviz.kernel.predict import expected
from sevviz.kernel.schedules import choose
from sevviz.kernel.script import follow, turns_of
from sevviz.schedule import format_schedule

if TYPE_CHECKING:
    from pathlib import Path

    from sevviz.kernel.boot import Run
    from sevviz.kernel.build import Configuration
    from sevviz.kernel.case import Case
    from sevviz.kernel.script import Prediction
    from sevviz.model import Program

__all__ = ["Comparison", "Difference", "compare", "difference"]

Predict = Callable[["Program", tuple[int, ...]], "Prediction"]


@dataclass(frozen=True, slots=True)
class Difference:
    """A schedule on which kernel and model part, and where."""

    schedule: tuple[int, ...]
    turns: tuple[int, ...]
    what: str


@dataclass(slots=True)
class Comparison:
    """One row of the table: a scheme in a scenario.

    `spun` counts the schedules that lead to a wait for a spinlock: on one CPU they are compared up to that wait.
    """

    case: Case
    configuration: Configuration
    total: int | None
    run: int = 0
    agreed: int = 0
    spun: int = 0
    differences: list[Difference] = field(default_factory=list)


def difference(prediction: Prediction, run: Run, configuration: Configuration) -> str:
    """The first thing in which a run is not as predicted, "" if there is none."""
    if run.ended:
        return f"the run has no end: {run.ended}"
    for number, predicted in enumerate(prediction.turns):
        seen = run.turns[number] if number < len(run.turns) else None
        if seen is None or seen.word != predicted.word:
            return f"turn {number}: the model has {predicted.word!r}, the kernel {seen.word if seen else 'nothing'!r}"
        lines = seen.lines
        if prediction.ends and number == len(prediction.turns) - 1:
            lines = lines[: len(predicted.lines)]  # what follows a fault is not the model's
            if prediction.ends == "exclusion" and not any(line.startswith("exclusion") for line in seen.lines):
                return f"turn {number}: the model has two tasks inside the work, the kernel has not"
        if lines != predicted.lines:
            return f"turn {number} ({seen.word}): the model says {_first(predicted.lines, lines)}"
    wanted = expected(prediction, configuration)
    if run.findings != wanted:
        return f"reports: the model has {_listed(wanted)}, the kernel {_listed(run.findings)}"
    return ""


def _first(predicted: tuple[str, ...], seen: tuple[str, ...]) -> str:
    for number in range(max(len(predicted), len(seen))):
        ours = predicted[number] if number < len(predicted) else "nothing more"
        theirs = seen[number] if number < len(seen) else "nothing more"
        if ours != theirs:
            return f"{ours!r}, the kernel {theirs!r}"
    return ""


def _listed(findings: frozenset[object]) -> str:
    return ", ".join(sorted(f"{f.kind} (task {f.task})" for f in findings)) or "none"  # type: ignore[attr-defined]


def compare(
    image: Path, configuration: Configuration, case: Case, most: int, *,
    seed: int = 1, workers: int = 2, predict: Predict = follow, progress: Callable[[Comparison], None] | None = None,
) -> Comparison:  # fmt: skip
    """Run at most `most` schedules of a case and compare each with what the model says.

    `predict` is the model; a test puts a broken one in its place.
    """
    chosen = choose(case.program, most, seed)
    found = Comparison(case, configuration, chosen.total)

    def one(schedule: tuple[int, ...]) -> tuple[tuple[int, ...], tuple[int, ...], bool, str]:
        turns = turns_of(case.program, schedule)
        prediction = predict(case.program, turns)
        run = boot(image, configuration, case, turns)
        return schedule, turns, prediction.spins, difference(prediction, run, configuration)

    with ThreadPoolExecutor(workers) as pool:
        for schedule, turns, spins, what in pool.map(one, chosen.schedules):
            found.run += 1
            found.spun += spins
            if what:
                found.differences.append(Difference(schedule, turns, what))
            else:
                found.agreed += 1
            if progress is not None:
                progress(found)
    return found


def row(found: Comparison) -> tuple[str, ...]:
    """A line of the table."""
    total = "endless" if found.total is None else f"{found.total:,}"
    share = f"all {found.run:,}" if found.total == found.run else f"{found.run:,} of {total}"
    return (
        found.case.scheme.name, found.case.scenario.name, share, f"{found.agreed:,}",
        f"{len(found.differences):,}", f"{found.spun:,}" if found.spun else "-",
    )  # fmt: skip


def first_difference(found: Comparison) -> str:
    """The first difference in words, with the command that shows it."""
    if not found.differences:
        return ""
    first = found.differences[0]
    return f"{found.case.scheme.name}/{found.case.scenario.name} at {format_schedule(first.turns)!r}: {first.what}"
