"""One schedule: from the actors chosen to the trace of states and steps, or to the reason why it cannot be followed."""

from __future__ import annotations

from sevviz.errors import ScheduleError
from sevviz.interpreter import CPU, Move, effect_of, initial_state, moves, next_operation, step, wait_of
from sevviz.model import FAULTED, OVERTAKE, Fault, Operation, Program, State, Step, Trace
from sevviz.release_order import overtaker_of
from sevviz.schedule import format_actor, task_of

__all__ = ["follow", "kept_cpus", "operation_of", "replay", "run"]


def run(program: Program, schedule: tuple[int, ...]) -> Trace:
    """The trace along a schedule; raises ScheduleError at the first step that cannot be taken."""
    trace, problem = replay(program, schedule)
    if problem:
        raise ScheduleError(problem)
    return trace


def replay(program: Program, schedule: tuple[int, ...]) -> tuple[Trace, str]:
    """The trace along the longest prefix that can be followed, and why it ends there ("" if it does not)."""
    trace, problems = follow(program, schedule, passing=False)
    return trace, next(iter(problems.values()), "")


def follow(program: Program, schedule: tuple[int, ...], *, passing: bool = True) -> tuple[Trace, dict[int, str]]:
    """The trace of the turns that can be taken; the numbers of the others (from 1), each with why it cannot.

    With `passing`, a turn that cannot be taken is passed over and the schedule goes on; without, it ends there.
    """
    states, steps, problems = [initial_state(program)], list[Step](), dict[int, str]()
    warned: set[tuple[int | None, object]] = set()
    for number, actor in enumerate(schedule, 1):
        state = states[-1]
        problem = _why_not(program, states, actor, number)
        if problem:
            problems[number] = problem
            if passing:
                continue
            break
        operation = operation_of(program, state, actor)
        move = step(program, state, actor)
        # Who was seen to go to sleep in atomic context was warned then; the kernel does not warn twice for one call.
        faults = tuple(f for f in move.faults if f.kind != "sleep-in-atomic" or (f.task, f.span) not in warned)
        taken = (actor, operation.span if operation else None)
        warned -= {taken}
        warned |= {(f.task, f.span) for f in faults} - {taken}
        steps.append(_record(state, move, operation, faults))
        states.append(move.state)
    return Trace(program, tuple(states), tuple(steps)), problems


def operation_of(program: Program, state: State, actor: int) -> Operation | None:
    """What an actor does: the next operation of a task (see there), the store that overtakes, None for a signal."""
    if actor < -OVERTAKE:
        overtaker = overtaker_of(program, state, task_of(actor))
        return overtaker[0] if overtaker else None
    return next_operation(program, state, actor) if actor > 0 else None


def _record(state: State, move: Move, operation: Operation | None, faults: tuple[Fault, ...]) -> Step:
    if operation is None:
        return Step(move.actor, None, None, None, None, faults)
    result, _ = effect_of(operation, state, task_of(move.actor))
    if operation.object < 0:
        return Step(move.actor, operation, result, None, None, faults)
    values = state.values[operation.object], move.state.values[operation.object]
    return Step(move.actor, operation, result, *values, faults)


def _why_not(program: Program, states: list[State], actor: int, number: int) -> str:
    """Why an actor cannot take step `number`, with what was possible; "" if it can."""
    state = states[-1]
    task = task_of(actor)
    who = f"step {number} picks task {task} ({program.tasks[task - 1].label})"
    possible = moves(program, state)
    if actor in (move.actor for move in possible):
        return ""
    if any(mark & FAULTED for mark in state.marks):
        return f"{who}, but a fault at step {number - 1} has ended the schedule"
    names = [format_actor(move.actor) for move in possible]
    can = f"runnable: {', '.join(names)}" if names else "nothing is runnable"
    position = program.position(state, task - 1)
    if position.operation is None:
        return f"{who}, which has returned; {can}"
    if actor < 0:
        return f"{_environment_refusal(program, actor, who)}; {can}"
    wait = wait_of(program, state, task)
    assert wait is not None  # not finished, not runnable
    if wait.object == CPU:
        return f"{who}, which has no CPU: {kept_cpus(program)}; {can}"
    since = next((i for i in range(len(states) - 1, 0, -1) if states[i - 1].values[wait.object] != wait.holder), 0)
    name = program.objects[wait.object].name
    return f"{who}, which waits for {name}, held by task {wait.holder} since step {since}; {can}"


def kept_cpus(program: Program) -> str:
    """Why there is no CPU for a task: "who spins or holds a spinlock keeps all 2"."""
    return "who spins or holds a spinlock keeps " + ("the only one" if program.cpus == 1 else f"all {program.cpus}")


def _environment_refusal(program: Program, actor: int, who: str) -> str:
    if actor < -OVERTAKE:
        reason = "is not at an unlock with such a store behind it" if program.weak else 'needs memory = "weak"'
        return f"{who.replace('picks', 'lets a store overtake an unlock of')}, which {reason}"
    reason = "has had its fatal signal" if program.signals else "gets no fatal signal: the scenario has no signals"
    return f"{who.replace('picks', 'sends a fatal signal to')}, which {reason}"
