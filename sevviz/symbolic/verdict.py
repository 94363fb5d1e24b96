"""The verdict of the symbolic engine, and its JSON (design.md, contract 3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from sevviz.census import FoundFault, Outcome
from sevviz.symbolic.deadlocks import find_cycles, find_deadlocks
from sevviz.symbolic.faults import ended_by_faults, find_faults, find_suspects
from sevviz.symbolic.images import Images
from sevviz.symbolic.limits import LimitReachedError, Limits
from sevviz.symbolic.outcomes import (
    ResultCount,
    deadlock_outcomes,
    ended_outcomes,
    result_counts,
    returned_outcomes,
    self_deadlocks,
)
from sevviz.symbolic.reached import Reached, reach
from sevviz.symbolic.saturation import deep_recursion
from sevviz.verdict import fault_json, lasso_json, outcome_json

if TYPE_CHECKING:
    from sevviz.loops import Lasso
    from sevviz.model import Program

__all__ = ["SymbolicVerdict", "check_symbolic"]

Status = Literal["clean", "failed", "inconclusive"]
LISTED = 64  # outcomes of one kind to list; more are summed up
EXACT_NUMBERS = 1 << 53  # integers up to here survive every reader of JSON


@dataclass(slots=True)
class SymbolicVerdict:
    """What the search found. It may be incomplete: `notes` say in what, and `complete` is false then.

    `outcomes` lists result tuples only where there are few; `counts` always tells how many tasks can have each result.
    `nodes` is the number of nodes of diagrams that were made.
    """

    program: Program
    states: int | None = None
    outcomes: tuple[Outcome, ...] = ()
    counts: tuple[ResultCount, ...] = ()
    faults: tuple[FoundFault, ...] = ()
    livelock: Lasso | None = None
    starvation: Lasso | None = None
    complete: bool = True
    notes: tuple[str, ...] = ()
    nodes: int = 0

    @property
    def deadlocks(self) -> tuple[Outcome, ...]:
        """The outcomes that are deadlocks."""
        return tuple(outcome for outcome in self.outcomes if outcome.kind == "deadlock")

    @property
    def returns(self) -> set[tuple[str | None, ...]]:
        """The result tuples that are reachable, where they are listed."""
        return {outcome.returns for outcome in self.outcomes if outcome.kind == "returned"}

    @property
    def status(self) -> Status:
        """One word for the whole."""
        if self.deadlocks or self.faults or self.livelock:
            return "failed"
        return "clean" if self.complete else "inconclusive"

    def to_json(self) -> dict[str, Any]:
        """The JSON object of contract 3, and what only this engine tells: nodes, result counts and notes."""
        exact = self.states is None or self.states <= EXACT_NUMBERS
        return {
            "format": 1,
            "scheme": self.program.name,
            "tasks": [task.label for task in self.program.tasks],
            "complete": self.complete,
            "engine": "symbolic",
            "states": self.states if exact else str(self.states),
            "transitions": None,
            "interleavings": None,
            "outcomes": [outcome_json(self.program, outcome) for outcome in self.outcomes],
            "faults": [fault_json(self.program, found) for found in self.faults],
            "livelock": lasso_json(self.livelock),
            "starvation": lasso_json(self.starvation, tasks=True),
            "nodes": self.nodes,
            "results": [_count_json(count) for count in self.counts],
            "notes": list(self.notes),
        }

    def note(self, text: str) -> None:
        """Add something that a reader must know."""
        self.notes = (*self.notes, text)


def check_symbolic(program: Program, limits: Limits | None = None) -> SymbolicVerdict:
    """Search all interleavings of a program with decision diagrams.

    Exhaustive and exact like the explicit search, but states are not visited one by one. What `limits` do not allow is
    left out, and the verdict says so. A scenario that counts CPUs is not understood, because who may step there depends
    on all tasks at once: that verdict is inconclusive from the start.
    """
    verdict = SymbolicVerdict(program)
    if program.cpus is not None:
        verdict.complete = False
        verdict.note("the symbolic engine does not count CPUs; use the explicit one")
        return verdict
    limits = limits or Limits()
    reached: Reached | None = None
    try:
        # Two levels for each variable of a task and for each object is more than enough.
        with deep_recursion(2 * (len(program.tasks) + len(program.objects))):
            reached = reach(program, limits)
            _look(verdict, reached, limits)
    except LimitReachedError as error:
        verdict.complete = False
        what = "the search" if reached is None else "looking at what was reached"
        verdict.note(f"{what} was stopped at a limit: {error}")
    verdict.nodes = len(reached.diagrams.nodes) if reached is not None else limits.seen
    return verdict


def _look(verdict: SymbolicVerdict, reached: Reached, limits: Limits) -> None:
    """Ask all questions, the cheap ones first: what is known when a limit is reached stays known."""
    images, cycles = Images(reached), find_cycles(reached)
    running = cycles.running
    suspects = find_suspects(reached, images, running)
    verdict.states = reached.diagrams.count(reached.states) + ended_by_faults(reached, suspects)
    faults = find_faults(reached, suspects, running)
    verdict.faults = tuple(FoundFault(fault, schedule, None) for fault, schedule in faults.items())
    deadlocks = find_deadlocks(reached, images, cycles, LISTED)
    stopped, all_deadlocks = deadlock_outcomes(reached, deadlocks, LISTED)
    verdict.outcomes = tuple(stopped)
    alone = self_deadlocks(reached, deadlocks)
    verdict.faults = tuple(sorted((*verdict.faults, *alone), key=lambda found: len(found.schedule)))
    if not all_deadlocks:
        verdict.note("not all deadlocks are listed")
    ended, all_ended = ended_outcomes(reached, suspects, running, LISTED)
    if not all_ended:
        verdict.note("not all results at faults are listed")
    _look_at_ends(verdict, reached, ended)
    if reached.rules.have_loops():
        from sevviz.symbolic.endless import Endless

        endless = Endless(reached, limits, running)
        verdict.livelock = endless.livelock()
        verdict.starvation = endless.starvation()


def _look_at_ends(verdict: SymbolicVerdict, reached: Reached, ended: list[Outcome]) -> None:
    verdict.counts = result_counts(reached)
    returned = returned_outcomes(reached, LISTED)
    if returned is None:
        verdict.note(f"more than {LISTED} combinations of results: see how many tasks can have each result")
    found = [*verdict.outcomes, *ended, *(returned or [])]
    verdict.outcomes = tuple(sorted(found, key=lambda outcome: len(outcome.schedule)))


def _count_json(count: ResultCount) -> dict[str, Any]:
    from sevviz.schedule import format_schedule

    return {
        "result": count.result,
        "least": count.numbers[0],
        "most": count.numbers[-1],
        "numbers": list(count.numbers),
        "schedule": format_schedule(count.schedule),
    }
