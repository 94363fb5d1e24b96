"""Faults in a set of states. Where to look is found in the diagram; what is broken there, the interpreter says.

A *suspect* is a set of states that do not differ in anything a fault depends on, so it is enough to ask about one of
them. The fault is in the next step of a task, or was in the step that led there. Only steps that schedules take count:
those from a *running* state, one without a deadlock that lasts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sevviz.interpreter import ENDS_SCHEDULE, step
from sevviz.symbolic.deadlocks import finished_locals
from sevviz.symbolic.diagrams import EMPTY
from sevviz.symbolic.reached import exclusions
from sevviz.traces import run

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sevviz.model import Fault, State
    from sevviz.symbolic.images import Images
    from sevviz.symbolic.reached import Part, Reached
    from sevviz.symbolic.rules import Local

__all__ = ["Suspect", "by_holding", "ended_by_faults", "faults_of", "find_faults", "find_suspects", "schedule_of"]


class Suspect(NamedTuple):
    """States with a fault: in the next step of `actor` (a task from 1), or if that is 0 in the step that led there."""

    part: Part
    actor: int
    ends: bool  # whether the fault ends the schedule


def find_faults(reached: Reached, suspects: list[Suspect], running: Part) -> dict[Fault, tuple[int, ...]]:
    """Every fault, each with a shortest schedule to it."""
    found: dict[Fault, tuple[int, State, int]] = {}
    for suspect in suspects:
        part = reached.diagrams.meet(suspect.part, running) if suspect.ends else suspect.part
        if part:
            length = reached.length(part) + (1 if suspect.actor else 0)
            state = reached.nearest(part)
            for fault in faults_of(reached, state, suspect.actor, running):
                if fault not in found or found[fault][0] > length:
                    found[fault] = length, state, suspect.actor
    return {fault: schedule_of(reached, state, actor, running) for fault, (_, state, actor) in found.items()}


def schedule_of(reached: Reached, state: State, actor: int, running: Part) -> tuple[int, ...]:
    """A shortest schedule to a state, and the step of `actor` there unless it is 0."""
    goes_on = reached.diagrams.distance(running, reached.values(state)) is not None
    schedule = reached.schedule_to(state, None if goes_on else running)
    return (*schedule, actor) if actor else schedule


def faults_of(reached: Reached, state: State, actor: int, running: Part) -> tuple[Fault, ...]:
    """The faults of the step of `actor` in a state, or for 0 those of the last step of a shortest schedule to it."""
    if actor:
        return step(reached.program, state, actor).faults
    steps = run(reached.program, schedule_of(reached, state, 0, running)).steps
    return steps[-1].faults if steps else ()


def find_suspects(reached: Reached, images: Images, running: Part) -> list[Suspect]:
    """All suspects of a program. Of those that end a schedule, also the states that are not running are told."""
    tasks = range(len(reached.program.tasks))
    own = [suspect for task in tasks for suspect in _in_own_steps(reached, images, running, task)]
    return [*own, *_shared_work(reached), *_flags_left(reached)]


def ended_by_faults(reached: Reached, suspects: list[Suspect]) -> int:
    """The number of states in which a fault has ended the schedule. Only the steps to them are in the diagram."""
    parts: dict[int, list[Part]] = {}
    for suspect in suspects:
        if suspect.ends:
            parts.setdefault(suspect.actor, []).append(suspect.part)
    return sum(reached.diagrams.count(reached.union(found)) for found in parts.values())


def _in_own_steps(reached: Reached, images: Images, running: Part, task: int) -> Iterator[Suspect]:
    """Wrong unlocks, locks held at return, and sleeping in atomic context."""
    for local in sorted(reached.locals_of(task)):
        operation = reached.rules.operation(task, local)
        for answer, wrong in _answers(reached, task, local, operation.object) if operation else ():
            for held, objects in by_holding(reached, task, local):
                # Who sleeps holding no spinlock does nothing wrong.
                if answer.actor or not held.isdisjoint(reached.program.spinlocks):
                    if operation and operation.object >= 0:
                        objects[operation.object] = wrong & objects.get(operation.object, wrong)
                    part = reached.where({task: {local}}, objects) if answer.ends else EMPTY
                    if not answer.ends:  # execution goes on, so only a nearest state is of interest
                        part = _closest(reached, images, running, ({task: {local}}, objects, answer.actor))
                    if part:
                        yield Suspect(part, answer.actor, answer.ends)


def _closest(
    reached: Reached, images: Images, running: Part, query: tuple[dict[int, set[Local]], dict[int, set[int]], int]
) -> Part:
    """A nearest state with these values that a schedule passes, and if the actor is 0 also one that it ends in."""
    tasks, objects, actor = query
    nearest = reached.closest(tasks, objects)
    if not reached.diagrams.minus(nearest, running):
        return nearest
    whole = reached.where(tasks, objects)
    passed = reached.diagrams.meet(whole, running)
    if actor:
        return passed
    entered = images.after(reached.diagrams.minus(running, whole), range(len(reached.program.tasks)))
    return reached.diagrams.union(passed, reached.diagrams.meet(entered, whole))


def _answers(reached: Reached, task: int, local: Local, number: int) -> Iterable[tuple[_Answer, set[int]]]:
    """What may be broken in a local state, and the values of the object of its operation for which it may."""
    values = {v for a, v in reached.meetings(task, number) if a == local} if number >= 0 else {0}
    found: dict[_Answer, set[int]] = {}
    for value in sorted(values):
        answer = _ask(reached, _Place(task, local, number, value))
        if answer is not None:
            found.setdefault(answer, set()).add(value)
    return found.items()


def by_holding(reached: Reached, task: int, local: Local) -> Iterator[tuple[frozenset[int], dict[int, set[int]]]]:
    """Each set of locks that a task may hold in a local state, and what the values of objects are then."""
    me, others = {task + 1}, set(range(len(reached.program.tasks) + 1)) - {task + 1}
    may_hold = reached.holdings[task].get(local, set())
    for held in sorted(may_hold, key=sorted):
        yield held, {lock: me if lock in held else others for lock in sorted(frozenset().union(*may_hold))}


class _Place(NamedTuple):
    """A local state of a task and the value of the object of its operation (-1 for none)."""

    task: int
    local: Local
    object: int
    value: int


class _Answer(NamedTuple):
    """Some rule may be broken at a place, in the next step of `actor`, or if that is 0 in the step that led there."""

    actor: int
    ends: bool
    kinds: tuple[tuple[str, ...], ...]  # the rules, without a lock and with each one; only of a next step


def _ask(reached: Reached, place: _Place) -> _Answer | None:
    """Whether some rule may be broken at a place.

    Asked without a lock and with each lock that may be held alone. A task that waits while it holds the lock was at
    fault when it came there, if it would be at fault now were the object free.
    """
    task, local, number, value = place
    values = {number: value} if number >= 0 else {}
    waits = number >= 0 and reached.rules.wait(task, local, values) is not None
    locks = frozenset().union(*reached.holdings[task].get(local, ())) - {number}
    helds = [{**values, **({number: 0} if waits else {}), lock: task + 1} for lock in sorted(locks)]
    kinds = tuple(tuple(reached.rules.fault_kinds(task, local, held)) for held in [values, *helds])
    if waits:
        return _Answer(0, ends=False, kinds=()) if any("sleep-in-atomic" in broken for broken in kinds) else None
    ends = any(not ENDS_SCHEDULE.isdisjoint(broken) for broken in kinds)
    return _Answer(task + 1, ends, kinds) if any(kinds) else None


def _shared_work(reached: Reached) -> Iterator[Suspect]:
    """Steps into the work while another task is inside on a common VM. The first such task is named in the fault."""
    for (task, local), met in exclusions(reached).items():
        part = reached.where({task: {local}})
        for other, places in sorted(met.items()):
            for place in sorted(places):
                for _, objects in by_holding(reached, task, local):
                    piece = reached.where({other: {place}}, objects, part)
                    if piece:
                        yield Suspect(piece, task + 1, ends=True)
            part = reached.diagrams.minus(part, reached.where({other: places}, part=part))


def _flags_left(reached: Reached) -> Iterator[Suspect]:
    """Fields that all tasks have left changed."""
    finished = {task: finished_locals(reached, task) for task in range(len(reached.program.tasks))}
    part = reached.where(finished)
    levels = reached.diagrams.levels(part)
    for number, shared in enumerate(reached.program.objects):
        if not shared.is_lock and not shared.persistent:
            values = reached.diagrams.values_at(levels[reached.order.objects[number]]) - {shared.initial}
            if values:
                yield Suspect(reached.where(objects={number: values}, part=part), 0, ends=False)
