"""From a schedule of the model to turns that make the kernel take it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sevviz.interpreter import initial_state, is_stuck, sleeps_in_atomic, step, wait_of
from sevviz.kernel.script import follow
from sevviz.lockdep import is_spinning
from sevviz.model import FAULTED, SPINS
from sevviz.traces import replay, run

if TYPE_CHECKING:
    from sevviz.model import Program, State

__all__ = ["is_followed", "takes", "turns_of"]


def turns_of(
    program: Program, schedule: tuple[int, ...], *, early: bool = True, spinning: bool = False
) -> tuple[int, ...]:  # fmt: skip
    """Turns that make the kernel take a schedule of the model and then let every waiter run into its lock.

    With `early`, a task also goes to sleep in a mutex during the schedule, as soon as it stands before a held one,
    where that changes nothing: its own step is the next after the one that lets it go on, or never comes. With
    `spinning`, a task also begins to spin in this way, unless tasks share CPUs: there the schedule says when it does.
    """
    if program.cpus is None:
        return _turns(program, schedule, early=early, spinning=spinning)
    # Who goes to sleep with a spinlock gives a CPU away that others may need, and goes on at once when it is woken.
    followed = _without_idle_spinning(program, schedule)
    leaving = _turns(program, followed, early=early, leaving=True)
    return leaving if _is_taken(program, schedule, leaving) else _turns(program, followed, early=early)


def is_followed(program: Program, schedule: tuple[int, ...]) -> bool:
    """Whether there are turns by which a kernel takes a schedule: not if the woken are passed over for a CPU."""
    return program.cpus is None or _is_taken(program, schedule, turns_of(program, schedule))


def _is_taken(program: Program, schedule: tuple[int, ...], turns: tuple[int, ...]) -> bool:
    told = follow(program, turns, up=False)
    return not told.late and takes(program, told.steps, schedule)


def takes(program: Program, steps: tuple[int, ...], schedule: tuple[int, ...]) -> bool:
    """Whether steps begin with those of a schedule, be it that tasks begin to spin at other times, or not at all.

    Where the schedule ends with nobody able to step, they end there, too.
    """
    wanted, found = (_but_spinning(program, actors) for actors in (schedule, steps))
    stuck = is_stuck(program, run(program, schedule).states[-1])
    return found == wanted if stuck else found[: len(wanted)] == wanted


def _but_spinning(program: Program, schedule: tuple[int, ...]) -> list[int]:
    trace, _ = replay(program, schedule)
    return [one.actor for one in trace.steps if one.operation is None or one.operation.action != "spin"]


def _turns(
    program: Program, schedule: tuple[int, ...], *, early: bool, spinning: bool = False, leaving: bool = False
) -> tuple[int, ...]:  # fmt: skip
    states = [initial_state(program)]
    for actor in schedule:
        states.append(step(program, states[-1], actor).state)
    turns, asleep = list[int](), set[int]()
    for number, actor in enumerate(schedule):
        for task in range(1, len(program.tasks) + 1) if early else ():
            if task in asleep or (_spins_at(program, states[number], task) and not spinning):
                continue
            leaves = leaving and sleeps_in_atomic(program, states[number], task) is not None
            if leaves or _may_wait_from(program, states[number:], schedule[number:], task, asleep):
                turns.append(task)
                asleep.add(task)
        if actor in asleep:
            asleep.discard(actor)  # woken, it needs no turn
        else:
            turns.append(actor)
            if actor > 0 and states[number + 1].marks[actor - 1] & SPINS:
                asleep.add(actor)
    if not any(mark & FAULTED for mark in states[-1].marks):
        waiting = (t for t in range(1, len(program.tasks) + 1) if wait_of(program, states[-1], t) is not None)
        turns += [task for task in waiting if task not in asleep]
    return tuple(turns)


def _without_idle_spinning(program: Program, schedule: tuple[int, ...]) -> tuple[int, ...]:
    """The schedule without those beginnings to spin after which the lock, once free, is not taken at once.

    A kernel gives a spinlock to who spins for it as soon as it is free. Where the schedule lets others go first, the
    task has its turn when it takes the lock.
    """
    trace, kept = run(program, schedule), list[int]()
    for number, one in enumerate(trace.steps):
        after = range(number + 1, len(trace.states))
        free = next((n for n in after if wait_of(program, trace.states[n], one.actor) is None), None)
        begins = one.operation is not None and one.operation.action == "spin"
        if not begins or free is None or schedule[free : free + 1] == (one.actor,):
            kept.append(one.actor)
    return tuple(kept)


def _spins_at(program: Program, state: State, task: int) -> bool:
    operation = program.position(state, task - 1).operation
    return operation is not None and is_spinning(program, operation)


def _may_wait_from(program: Program, states: list[State], rest: tuple[int, ...], task: int, asleep: set[int]) -> bool:
    """Whether a task may begin to wait in the first state: it goes on at once when it can, and nobody queues first."""
    wait = wait_of(program, states[0], task)
    operation = program.position(states[0], task - 1).operation
    if wait is None or operation is None or wait.object < 0:
        return False
    others = (program.position(states[0], other - 1).operation for other in asleep)
    if any(other is not None and other.object == operation.object for other in others):
        return False
    enabled = next((n for n, state in enumerate(states) if wait_of(program, state, task) is None), None)
    return enabled is None or rest[enabled : enabled + 1] == (task,)
