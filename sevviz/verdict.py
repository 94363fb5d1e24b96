"""The verdict on a scheme in a scenario, and its JSON (design.md, contract 3)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from sevviz.analysis import Survey, survey
from sevviz.census import Census, FoundFault, Outcome, census, schedules_graph
from sevviz.explorer import DEFAULT_LIMIT, StateGraph, explore
from sevviz.interpreter import CPU
from sevviz.loops import Lasso, components, find_livelock, find_starvation
from sevviz.schedule import format_schedule

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sevviz.catalogue import Scenario
    from sevviz.csource import Scheme
    from sevviz.model import Program
from sevviz.traces import run

__all__ = ["Verdict", "check", "fault_json", "lasso_json", "outcome_json", "verdict_of", "waits_json"]

Status = Literal["clean", "failed", "inconclusive"]


@dataclass(frozen=True)
class Verdict:
    """What the search found. `status` is "clean" only if the search finished and found nothing wrong."""

    graph: StateGraph
    survey: Survey
    census: Census
    livelock: Lasso | None
    starvation: Lasso | None

    @property
    def program(self) -> Program:
        """The program that was searched."""
        return self.graph.program

    @property
    def complete(self) -> bool:
        """Whether every reachable state was visited. If not, an absence proves nothing."""
        return self.graph.complete

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        """Every way in which schedules end."""
        return self.census.outcomes

    @property
    def deadlocks(self) -> tuple[Outcome, ...]:
        """The outcomes that are deadlocks."""
        return tuple(outcome for outcome in self.outcomes if outcome.kind == "deadlock")

    @property
    def faults(self) -> tuple[FoundFault, ...]:
        """The rules that some schedule breaks."""
        return self.census.faults

    @property
    def returns(self) -> set[tuple[str | None, ...]]:
        """The result tuples that are reachable: {("0", "-EBUSY"), ...}."""
        return {outcome.returns for outcome in self.outcomes if outcome.kind == "returned"}

    @cached_property
    def status(self) -> Status:
        """One word for the whole."""
        if self.deadlocks or self.faults or self.livelock:
            return "failed"
        return "clean" if self.complete else "inconclusive"

    def to_json(self) -> dict[str, Any]:
        """The JSON object of contract 3."""
        program = self.program
        return {
            "format": 1,
            "scheme": program.name,
            "tasks": [task.label for task in program.tasks],
            "complete": self.complete,
            "engine": "explicit",
            "states": len(self.graph.states),
            "transitions": self.graph.transitions,
            "interleavings": _count(self.census.interleavings),
            "outcomes": [outcome_json(program, outcome) for outcome in self.outcomes],
            "faults": [fault_json(program, found) for found in self.faults],
            "livelock": lasso_json(self.livelock),
            "starvation": lasso_json(self.starvation, tasks=True),
        }


def check(
    scheme: Scheme | str | Path, scenario: Scenario | str = "double", *, tasks: tuple[str, ...] | list[str] = (),
    signals: bool = False, limit: int = DEFAULT_LIMIT,
) -> Verdict:  # fmt: skip
    """Search all interleavings of a scheme (a name, a path, C text, or a loaded Scheme) in a scenario.

    `tasks` are calls that take the place of the scenario's; `limit` is a number of states. Raises SevvizError for input
    that is not understood.
    """
    from sevviz.catalogue import program

    return verdict_of(program(scheme, scenario, tasks=tuple(tasks), signals=signals), limit)


def verdict_of(program: Program, limit: int = DEFAULT_LIMIT, progress: Callable[[int], None] | None = None) -> Verdict:
    """Search all interleavings of a program."""
    graph = explore(program, limit, progress)
    looked_at = survey(graph)
    scheduled = schedules_graph(graph, looked_at)
    parts = looked_at.parts if scheduled is graph else components(scheduled.edges)
    found = census(graph, looked_at)
    return Verdict(graph, looked_at, found, find_livelock(scheduled, parts), find_starvation(scheduled, parts))


def _count(number: int | None) -> str | None:
    return None if number is None else str(number)


def outcome_json(program: Program, outcome: Outcome) -> dict[str, Any]:
    """An outcome as contract 3 has it."""
    found: dict[str, Any] = {
        "kind": outcome.kind,
        "returns": list(outcome.returns),
        "interleavings": _count(outcome.interleavings),
        "schedule": format_schedule(outcome.schedule),
    }
    if outcome.deadlock is not None:
        found["cycle" if outcome.deadlock.cyclic else "waits"] = waits_json(program, outcome)
        found.setdefault("cycle", [])
        found["killable"] = outcome.deadlock.killable
    if outcome.fault is not None:
        found["fault"] = outcome.fault.kind
    return found


def waits_json(program: Program, outcome: Outcome) -> list[dict[str, Any]]:
    """The waits of a deadlock; `since` is the step of its schedule at which the holder got the lock."""
    trace = run(program, outcome.schedule)
    waits = outcome.deadlock.waits if outcome.deadlock is not None else ()
    listed = []
    for wait in waits:
        name = "cpu" if wait.object == CPU else program.objects[wait.object].name
        values = [state.values[wait.object] if wait.object != CPU else None for state in trace.states]
        since = next((n for n in range(len(values) - 1, 0, -1) if values[n - 1] != values[n]), 0)
        listed.append(
            {
                "task": wait.task,
                "waits_for": name,
                "held_by": wait.holder,
                "since": None if wait.object == CPU else since,
            }
        )
    return listed


def fault_json(program: Program, found: FoundFault) -> dict[str, Any]:
    """A fault as contract 3 has it."""
    fault = found.fault
    task, span, source = fault.task, fault.span, fault.source
    if fault.kind == "flag-left-set":  # to blame is who wrote the field last
        number = next(i for i, o in enumerate(program.objects) if o.name == fault.object)
        for step in reversed(run(program, found.schedule).steps):
            if step.operation is not None and step.operation.object == number and step.before != step.after:
                task, span, source = step.actor, step.operation.span, step.operation.source
                break
    return {
        "kind": fault.kind,
        "task": task,
        "line": span.line if span is not None and source == 0 else None,
        "object": fault.object,
        "holding": list(fault.holding),
        "schedule": format_schedule(found.schedule),
        "interleavings": _count(found.interleavings),
    }


def lasso_json(lasso: Lasso | None, *, tasks: bool = False) -> dict[str, Any] | None:
    """An endless run as contract 3 has it; `tasks` adds who is left out."""
    if lasso is None:
        return None
    found: dict[str, Any] = {"stem": format_schedule(lasso.stem), "loop": format_schedule(lasso.loop)}
    return {**found, "tasks": list(lasso.tasks)} if tasks else found
