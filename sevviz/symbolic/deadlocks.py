"""Deadlocks in a set of states: cycles of waits, and states in which nothing can ever happen again."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sevviz.analysis import Deadlock, deadlocks_of
from sevviz.symbolic.diagrams import EMPTY
from sevviz.symbolic.rules import endless

if TYPE_CHECKING:
    from sevviz.symbolic.images import Images
    from sevviz.symbolic.reached import Part, Reached
    from sevviz.symbolic.rules import Local

__all__ = ["Closing", "Cycles", "Deadlocks", "disabled_states", "find_cycles", "find_deadlocks", "finished_locals"]

Waits = dict[tuple[int, int, bool], set["Local"]]  # by (object, holder, killable): the local states that wait so


class Closing(NamedTuple):
    """A deadlock: the states that it ends schedules in, with their lengths, and the states before its last step."""

    deadlock: Deadlock
    states: Part
    sources: Part | None  # None: any state will do


class Deadlocks(NamedTuple):
    """All deadlocks, nearest first; `more`: not all are listed."""

    closings: tuple[Closing, ...]
    more: bool


class Cycles(NamedTuple):
    """Where waits lead into cycles; `running` are the states without a cycle that lasts: schedules go on there."""

    waits: list[Waits]  # of each task
    cyclic: Part
    running: Part


def find_cycles(reached: Reached) -> Cycles:
    """The states in which tasks wait for each other. What lasts is never left again, so schedules end there."""
    waits = [_waits_of(reached, task) for task in range(len(reached.program.tasks))]
    chains = _that_may_close(reached, waits)
    cyclic = _leading_into_cycles(reached, chains)
    final = cyclic
    if cyclic and reached.program.signals:
        lasting = [{key: places for key, places in w.items() if not key[2]} for w in chains]
        final = _leading_into_cycles(reached, lasting)
    return Cycles(waits, cyclic, reached.diagrams.minus(reached.states, final))


def find_deadlocks(reached: Reached, images: Images, known: Cycles, most: int) -> Deadlocks:
    """The deadlocks of a program, at most `most` of them."""
    waits, cyclic, running = known
    found = []
    cycles, more = _distinct(reached, waits, cyclic, most)
    for deadlock in cycles:
        inside = _having(reached, waits, reached.states, deadlock)
        closers = {wait.task - 1 for wait in deadlock.waits}
        sources = reached.diagrams.minus(reached.diagrams.meet(images.before(inside, closers), running), inside)
        closing = reached.diagrams.meet(images.after(sources, closers), inside)
        if closing:
            found.append(Closing(deadlock, closing, sources))
    stuck = reached.diagrams.minus(_stuck(reached), cyclic) if _may_wait_for_the_finished(reached, waits) else EMPTY
    others, still_more = _distinct(reached, waits, stuck, most)
    found += [Closing(deadlock, _having(reached, waits, stuck, deadlock), None) for deadlock in others]
    found.sort(key=lambda closing: reached.length(closing.states))
    return Deadlocks(tuple(found), more or still_more)


def _waits_of(reached: Reached, task: int) -> Waits:
    """Where a task waits, by what the interpreter says of each local state and value that occur together."""
    found: Waits = {}
    for number, locals_ in _by_object(reached, task).items():
        for local, value in reached.meetings(task, number):
            wait = reached.rules.wait(task, local, {number: value}) if local in locals_ and value else None
            if wait is not None:
                found.setdefault((number, wait.holder - 1, wait.killable), set()).add(local)
    return found


def disabled_states(reached: Reached, task: int) -> Part:
    """The states in which a task has finished or waits."""
    waits = _waits_of(reached, task).items()
    waiting = [reached.where({task: places}, {o: {holder + 1}}) for (o, holder, _), places in waits]
    return reached.union([reached.where({task: finished_locals(reached, task)}), *waiting])


def _by_object(reached: Reached, task: int) -> dict[int, set[Local]]:
    """The local states of a task by the object of their operation."""
    found: dict[int, set[Local]] = {}
    for local in reached.locals_of(task):
        for number in reached.rules.objects(task, local)[:1]:
            if number >= 0:
                found.setdefault(number, set()).add(local)
    return found


def _that_may_close(reached: Reached, waits: list[Waits]) -> list[Waits]:
    """The waits without those that cannot lead into a cycle, by what each task alone may hold while it waits."""
    following: dict[tuple[int, int], set[tuple[int, int]]] = {}
    for number, holder in {key[:2] for found in waits for key in found}:
        following[number, holder] = {
            key[:2] for key, places in waits[holder].items() if _may_hold(reached, holder, number, places)
        }
    leading = endless(following)
    return [{key: places for key, places in found.items() if key[:2] in leading} for found in waits]


def _may_wait_for_the_finished(reached: Reached, waits: list[Waits]) -> bool:
    """Whether some task may wait for one that has finished: the only way to be stuck without a cycle of waits."""
    keys = {key[:2] for found in waits for key in found}
    return any(_may_hold(reached, holder, number, finished_locals(reached, holder)) for number, holder in keys)


def _may_hold(reached: Reached, task: int, number: int, places: set[Local]) -> bool:
    return any(number in held for place in places for held in reached.holdings[task].get(place, ()))


def _leading_into_cycles(reached: Reached, waits: list[Waits]) -> Part:
    """The states in which some task's waits lead into a cycle.

    A task waits for one other at a time. So it is led into a cycle exactly if it waits for a task that is: the greatest
    sets of which that holds are found by taking states away until it does.
    """
    parts = {
        task: [(holder, reached.where({task: places}, {number: {holder + 1}}))
               for (number, holder, _), places in sorted(found.items(), key=lambda item: item[0])]
        for task, found in enumerate(waits)
        if found
    }  # fmt: skip
    led = {task: reached.union([part for _, part in found]) for task, found in parts.items()}
    todo = list(led)
    while todo:
        task = todo.pop()
        kept = reached.union([reached.diagrams.meet(part, led.get(holder, EMPTY)) for holder, part in parts[task]])
        if kept != led[task]:
            led[task] = kept
            # Those who wait for this task come next: so a change runs all along a chain of waits at once.
            following = [t for t, found in parts.items() if any(holder == task for holder, _ in found)]
            todo = [t for t in todo if t not in following] + following
    return reached.union(list(led.values()))


def _stuck(reached: Reached) -> Part:
    """The states in which tasks are left and none of them can step, now or after a signal."""
    part = reached.states
    finished: dict[int, set[Local]] = {}
    for task in range(len(reached.program.tasks)):
        finished[task] = finished_locals(reached, task)
        blocked: dict[tuple[int, int], set[int]] = {}
        for number, locals_ in _by_object(reached, task).items():
            for local, value in reached.meetings(task, number):
                if local in locals_ and value and reached.rules.is_stuck(task, local, {number: value}):
                    blocked.setdefault((number, value), set()).add(local)
        still = [reached.where({task: places}, {number: {value}}, part) for (number, value), places in blocked.items()]
        part = reached.union([reached.where({task: finished[task]}, part=part), *still])
    return reached.diagrams.minus(part, reached.where(finished, part=part))


def _distinct(reached: Reached, waits: list[Waits], part: Part, most: int) -> tuple[list[Deadlock], bool]:
    """The deadlocks in a part, at most `most`, and whether there are more."""
    found = list[Deadlock]()
    while part and len(found) < most:
        shown = deadlocks_of(reached.program, reached.nearest(part))
        found += [deadlock for deadlock in shown if deadlock not in found]
        for deadlock in shown:
            part = reached.diagrams.minus(part, _having(reached, waits, part, deadlock))
    return found, bool(part)


def _having(reached: Reached, waits: list[Waits], part: Part, deadlock: Deadlock) -> Part:
    """The states of a part that have this deadlock."""
    places = {w.task - 1: waits[w.task - 1][w.object, w.holder - 1, w.killable] for w in deadlock.waits}
    if not deadlock.cyclic:  # then it is all waits of the state
        others = (task for task in range(len(reached.program.tasks)) if task not in places)
        places |= {task: finished_locals(reached, task) for task in others}
    return reached.where(places, {wait.object: {wait.holder} for wait in deadlock.waits}, part)


def finished_locals(reached: Reached, task: int) -> set[Local]:
    """The local states in which a task has returned."""
    return {local for local in reached.locals_of(task) if reached.rules.operation(task, local) is None}
