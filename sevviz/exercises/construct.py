"""Marking a schedule: it is followed step by step, and must come to the goal without a step too many."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sevviz.analysis import deadlock_of, returns_of
from sevviz.catalogue import program
from sevviz.counting import counted
from sevviz.errors import ScheduleError
from sevviz.exercises.answers import AnswerError, read_schedule
from sevviz.exercises.mark import Finding
from sevviz.exercises.search import Found, arena, find_event
from sevviz.exercises.showing import evidence
from sevviz.interpreter import moves
from sevviz.schedule import parse_schedule
from sevviz.traces import replay

if TYPE_CHECKING:
    from sevviz.exercises.mark import Evidence
    from sevviz.exercises.model import Event, Exercise
    from sevviz.exercises.search import Searches
    from sevviz.model import Trace
    from sevviz.verdict import Verdict

__all__ = ["mark_construct"]

FOLLOWED, REACHED, SHORT = 1, 3, 1  # points


def mark_construct(exercise: Exercise, answer: str, searches: Searches) -> list[Finding]:
    """Three findings: the schedule can be followed, it reaches the goal, and it has no step too many."""
    written, settings = read_schedule(exercise, answer)
    place = replace(exercise.place, initial=settings or exercise.place.initial)
    made = program(searches.scheme(exercise.code, exercise.code_name), arena(place))
    try:
        schedule = parse_schedule(written, len(made.tasks))
    except ScheduleError as error:
        raise AnswerError(str(error)) from None
    trace, problem = replay(made, schedule)
    shown = evidence(made, arena(place), Found(trace.schedule), "your schedule")
    if problem:
        reached = _reaches(trace, exercise.target)
        text = f"{problem}{'' if not reached else '. The goal was reached before that: leave the rest out'}"
        rest = "the schedule must be one that can be followed"
        return [
            Finding("the schedule can be followed", "wrong", 0, FOLLOWED, text, exercise.hint(0), shown),
            Finding("it reaches the goal", "not reached", 0, REACHED, rest),
            Finding("it has no step too many", "not reached", 0, SHORT, rest),
        ]
    followed = Finding("the schedule can be followed", "met", FOLLOWED, FOLLOWED, counted(len(schedule), "step"))
    return [followed, *_goal(exercise, trace, shown, searches.own(exercise, place))]


def _goal(exercise: Exercise, trace: Trace, shown: Evidence, verdict: Verdict) -> list[Finding]:
    steps = len(trace.steps)
    if not _reaches(trace, exercise.target):
        can = find_event(verdict, exercise.target) is not None
        turn = "" if can or not verdict.complete else ". With this choice of VMs no schedule can: the tasks turn back"
        text = f"{_standing(trace)}; that is not {exercise.target}{turn}"
        return [
            Finding("it reaches the goal", "wrong", 0, REACHED, text, exercise.hint(1), shown),
            Finding("it has no step too many", "not reached", 0, SHORT, "this is looked at when the goal is reached"),
        ]
    reached = Finding(
        "it reaches the goal", "met", REACHED, REACHED, f"{exercise.target} after {counted(steps, 'step')}"
    )
    name = "it has no step too many"
    if exercise.at_most and steps > exercise.at_most:
        text = f"it comes to the same end without {steps - exercise.at_most} or more of its {counted(steps, 'step')}"
        hint = "Which of the steps would you miss, if they were not there?"
        return [reached, Finding(name, "too long", 0, SHORT, text, hint, shown)]
    return [reached, Finding(name, "met", SHORT, SHORT, counted(steps, "step"))]


def _reaches(trace: Trace, target: Event) -> bool:
    """Whether a trace ends where it should: with these results, in a deadlock, or with a fault on its way."""
    state = trace.states[-1]
    if target.reach == "deadlock":
        return deadlock_of(trace.program, state) is not None
    if target.reach:
        return any(fault.kind == target.reach for step in trace.steps for fault in step.faults)
    return returns_of(trace.program, state) == target.returns


def _standing(trace: Trace) -> str:
    returns = returns_of(trace.program, trace.states[-1])
    if None not in returns:
        return f"all tasks have returned: {', '.join(map(str, returns))}"
    if deadlock_of(trace.program, trace.states[-1]):
        return "it ends in a deadlock"
    can = {abs(move.actor) for move in moves(trace.program, trace.states[-1])}
    rest = [task for task, result in enumerate(returns, 1) if result is None]
    waits = [task for task in rest if task not in can]
    return f"{_tasks(rest)} not returned, and {_tasks(waits) + ' to wait' if waits else 'no task waits'}"


def _tasks(numbers: list[int]) -> str:
    if len(numbers) == 1:
        return f"task {numbers[0]} has"
    return f"tasks {' and '.join(map(str, numbers))} have"
