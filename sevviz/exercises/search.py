"""The questions that marking asks of the engine: each answered by a search of every interleaving, with a schedule."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

from sevviz.catalogue import load, load_text, make_scenario, program, scenario
from sevviz.interpreter import CPU, wait_of
from sevviz.model import MUTEX, SIGNALLED
from sevviz.verdict import Verdict, verdict_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sevviz.catalogue import Scenario
    from sevviz.census import Outcome
    from sevviz.csource import Scheme
    from sevviz.exercises.model import Event, Exercise, Place
    from sevviz.explorer import StateGraph
    from sevviz.model import Program, State

__all__ = [
    "Found", "Searches", "arena", "find_event", "idle", "inside_together", "unguarded", "unkillable", "unprotected",
    "without",
]  # fmt: skip

PAIR = 2


class Found(NamedTuple):
    """A schedule that shows something; with a loop, what comes again and again after it."""

    schedule: tuple[int, ...]
    loop: tuple[int, ...] = ()
    what: str = ""


@dataclass
class Searches:
    """Searches for one answer, each made once. `limit` is a number of states for each."""

    limit: int
    _verdicts: dict[tuple[str, Place], Verdict] = field(default_factory=dict)
    _schemes: dict[str, Scheme] = field(default_factory=dict)

    def scheme(self, text: str, name: str) -> Scheme:
        """A scheme from its C text; raises SchemeError."""
        if text not in self._schemes:
            self._schemes[text] = load_text(text, name)
        return self._schemes[text]

    def pin(self, text: str, name: str, header: dict[str, str]) -> None:
        """Have a text's header say what `header` says on fields that may stay changed: no answer may excuse itself."""
        scheme = self.scheme(text, name)
        kept = {key: value for key, value in scheme.header.items() if key != "persistent"}
        ours = {"persistent": header["persistent"]} if "persistent" in header else {}
        self._schemes[text] = replace(scheme, header=kept | ours)

    def verdict(self, text: str, name: str, place: Place) -> Verdict:
        """What becomes of a C text in a place (whose own scheme, if it names one, comes first)."""
        key = (text, place)
        if key not in self._verdicts:
            scheme = load(place.scheme) if place.scheme else self.scheme(text, name)
            self._verdicts[key] = verdict_of(program(scheme, arena(place)), self.limit)
        return self._verdicts[key]

    def own(self, exercise: Exercise, place: Place) -> Verdict:
        """What becomes of an exercise's own scheme in a place."""
        return self.verdict(exercise.code, exercise.code_name, place)

    @property
    def states(self) -> int:
        """How many states all searches together visited."""
        return sum(len(verdict.graph.states) for verdict in self._verdicts.values())


def arena(place: Place) -> Scenario:
    """The scenario of a place: by its name, or made of its tasks; without a name where its settings are its own."""
    named = scenario(place.scenario) if not place.tasks else None
    table: dict[str, object] = {"tasks": list(place.tasks or (named.tasks if named else ()))}
    if named is not None:
        table |= {"title": named.title, "cpus": named.settings.cpus}
        table["retry"] = "forever" if named.settings.retry is None else named.settings.retry
        table["initial"] = dict(named.settings.initial)
    settings = {"signals": place.signals or bool(named and named.settings.signals)}
    if place.initial:
        settings["initial"] = dict(place.initial)  # type: ignore[assignment]
    own = bool(place.initial) or (place.signals and named is not None and not named.settings.signals)
    name = place.scenario if named and not own else ""
    return make_scenario(name, {k: v for k, v in (table | settings).items() if v is not None})


def find_event(verdict: Verdict, event: Event) -> Found | None:
    """A shortest schedule to an event; None where the search found none."""
    if event.reach == "livelock":
        return Found(verdict.livelock.stem, verdict.livelock.loop) if verdict.livelock else None
    if event.reach == "deadlock":
        return Found(verdict.deadlocks[0].schedule) if verdict.deadlocks else None
    if event.reach:
        faults = (found for found in verdict.faults if found.fault.kind == event.reach)
        return next((Found(found.schedule, (), event.reach) for found in faults), None)
    ends = (o for o in verdict.outcomes if o.kind == "returned" and o.returns == event.returns)
    return next((Found(outcome.schedule) for outcome in ends), None)


def without(verdict: Verdict, result: str) -> Found | None:
    """A shortest schedule that ends, or deadlocks, and no task has returned `result`."""
    ends = (o for o in verdict.outcomes if o.kind != "fault" and result not in o.returns)
    return next((Found(o.schedule, (), _ending(o)) for o in ends), None)


def _ending(outcome: Outcome) -> str:
    if outcome.kind == "deadlock":
        return "a deadlock is possible"
    return f"the results {', '.join(map(str, outcome.returns))} are possible"


def _working(program: Program, state: State) -> Iterator[tuple[int, tuple[int, ...]]]:
    """The tasks (from 1) that are inside the work, each with its VMs."""
    for task in range(1, len(program.tasks) + 1):
        operation = program.position(state, task - 1).operation
        if operation is not None and operation.action == "leave":
            yield task, operation.vms


def inside_together(graph: StateGraph) -> Found | None:
    """A shortest schedule to a state in which two tasks are inside their work at once."""
    for number, state in enumerate(graph.states):
        if len(list(_working(graph.program, state))) >= PAIR:
            return Found(graph.schedule_to(number))
    return None


def unprotected(graph: StateGraph, locks: tuple[str, ...]) -> Found | None:
    """A shortest schedule to a state in which a task does the work without all `locks` of both its VMs."""
    names = {shared.name: number for number, shared in enumerate(graph.program.objects)}
    for number, state in enumerate(graph.states):
        for task, vms in _working(graph.program, state):
            for name in (f"{graph.program.vms[vm]}.{lock}" for vm in vms for lock in locks):
                if name not in names or state.values[names[name]] != task:
                    return Found(graph.schedule_to(number), (), f"task {task} is inside without {name}")
    return None


def unguarded(graph: StateGraph, entry: str, flag: str) -> Found | None:
    """A shortest schedule to a state in which a move holds a VM's mutex and the VM's flag is clear."""
    objects = graph.program.objects
    names = {shared.name: number for number, shared in enumerate(objects)}
    movers = _movers(graph.program, entry)
    for number, state in enumerate(graph.states):
        for index, shared in enumerate(objects):
            if shared.name == f"{shared.vm}.lock" and state.values[index] in movers:
                flagged = names.get(f"{shared.vm}.{flag}")
                if flagged is None or not state.values[flagged]:
                    what = f"task {state.values[index]} holds {shared.name} while {shared.vm}.{flag} is clear"
                    return Found(graph.schedule_to(number), (), what)
    return None


def unkillable(graph: StateGraph, entry: str, locks: tuple[str, ...]) -> Found | None:
    """A shortest schedule to a state in which a move waits on for a mutex after its fatal signal."""
    program = graph.program
    for number, state in enumerate(graph.states):
        for task in _movers(program, entry):
            wait = wait_of(program, state, task) if state.marks[task - 1] & SIGNALLED else None
            if wait is None or wait.object == CPU or program.objects[wait.object].kind != MUTEX:
                continue
            name = program.objects[wait.object].name
            if not locks or name.partition(".")[2] in locks:
                return Found(graph.schedule_to(number), (), f"task {task} has its fatal signal and waits on for {name}")
    return None


def idle(graph: StateGraph, entry: str) -> Found | None:
    """A shortest schedule after which a move has returned 0 without ever having come to the work."""
    program = graph.program
    for task in _movers(program, entry):
        parents: dict[int, tuple[int, int]] = {0: (-1, 0)}
        order = [0]
        for source in order:
            position = program.position(graph.states[source], task - 1)
            if position.result == 0:
                return Found(_way(parents, source), (), f"task {task} returns 0 and has not moved anything")
            enters = position.operation is not None and position.operation.action == "enter"
            for actor, target in graph.edges[source]:
                if target not in parents and not (enters and actor == task):
                    parents[target] = (source, actor)
                    order.append(target)
    return None


def _way(parents: dict[int, tuple[int, int]], state: int) -> tuple[int, ...]:
    actors = []
    while state:
        state, actor = parents[state]
        actors.append(actor)
    return tuple(reversed(actors))


def _movers(program: Program, entry: str) -> list[int]:
    return [task for task, made in enumerate(program.tasks, 1) if made.label.startswith(f"{entry}(")]
