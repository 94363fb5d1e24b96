"""What a comparison came to: a row of the table, and what is said beside it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sevviz.kernel.together import format_turns

if TYPE_CHECKING:
    from sevviz.kernel.case import Case
    from sevviz.kernel.configuration import Configuration

__all__ = ["MOST_LOST", "Comparison", "Difference", "first_difference", "remarks", "row"]

MOST_LOST = 3  # runs without an end, after which the rest of a row is not run


@dataclass(frozen=True, slots=True)
class Difference:
    """A schedule on which kernel and model part, and where; "" if they do not."""

    schedule: tuple[int, ...]
    turns: tuple[int, ...]
    what: str
    lost: bool = False  # the run had no end
    not_run: str = ""  # why it could not be run


@dataclass(slots=True)
class Comparison:
    """One row of the table: a scheme in a scenario.

    `spun` counts the schedules that lead to a wait for a spinlock: on one CPU they are compared up to that wait, on
    several CPUs with it.
    """

    case: Case
    configuration: Configuration
    total: int | None  # schedules that there are, None where they were not counted
    chosen: int  # of them
    endless: bool = False  # they were not counted because a loop makes them countless
    run: int = 0  # so far
    agreed: int = 0
    spun: int = 0
    lost: int = 0
    differences: list[Difference] = field(default_factory=list)
    not_run: list[Difference] = field(default_factory=list)

    def add(self, seen: Difference, *, spins: bool) -> None:
        """Count a run."""
        if seen.not_run:
            self.not_run.append(seen)
            return
        self.run += 1
        self.spun += spins
        self.lost += seen.lost
        if seen.what:
            self.differences.append(seen)
        else:
            self.agreed += 1

    @property
    def given_up(self) -> bool:
        """Whether so many runs had no end that the rest is not worth the wait."""
        return self.lost >= MOST_LOST

    @property
    def done(self) -> bool:
        """Whether no schedule is left."""
        return self.given_up or self.run + len(self.not_run) == self.chosen


def row(found: Comparison) -> tuple[str, ...]:
    """A line of the table."""
    unknown = "countless" if found.endless else "many, not counted"
    total = unknown if found.total is None else f"{found.total:,}"
    share = f"all {found.run:,}" if found.total == found.run else f"{found.run:,} of {total}"
    if found.given_up:
        share += ", given up"
    return (
        found.case.scheme.name, found.case.scenario.name, share, f"{found.agreed:,}",
        f"{len(found.differences):,}", f"{found.spun:,}" if found.spun else "-",
    )  # fmt: skip


def first_difference(found: Comparison) -> str:
    """The first difference in words, with the turns that show it; "" if there is none."""
    return _told(found, found.differences[0], found.differences[0].what) if found.differences else ""


def remarks(found: Comparison) -> list[str]:
    """What is to be said beside the row: the first difference, schedules that were not run, and why."""
    said = [first_difference(found)]
    if found.not_run:
        one, more = found.not_run[0], f" ({len(found.not_run):,} such schedules)" if len(found.not_run) > 1 else ""
        said.append(_told(found, one, f"not run{more}: {one.not_run}"))
    if found.given_up:
        left = found.chosen - found.run - len(found.not_run)
        said.append(f"{_name(found)}: given up after {found.lost} runs without an end, {left:,} schedules are not run")
    return [one for one in said if one]


def _told(found: Comparison, seen: Difference, what: str) -> str:
    return f"{_name(found)} at {format_turns(seen.turns)!r}: {what}"


def _name(found: Comparison) -> str:
    return f"{found.case.scheme.name}/{found.case.scenario.name}"
