"""Marking what was spotted: the line, the rule and the object that a search of every schedule finds."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sevviz.counting import counted
from sevviz.exercises.answers import AnswerError, read_fields
from sevviz.exercises.edits import apply_edits, line_of
from sevviz.exercises.mark import Finding
from sevviz.exercises.search import find_event

if TYPE_CHECKING:
    from sevviz.exercises.model import Ask, Exercise
    from sevviz.exercises.search import Searches

__all__ = ["cured", "mark_spot", "truths_of"]


class _Truth(NamedTuple):
    """What is accepted for one field; not decided where a search stopped before it found anything."""

    values: tuple[str, ...]
    decided: bool = True


def mark_spot(exercise: Exercise, answer: str, searches: Searches) -> list[Finding]:
    """One finding for each field that is asked for."""
    fields = read_fields(answer)
    known = [ask.field for ask in exercise.asks]
    for name in fields:
        if name not in known:
            message = f"{name[:60]!r} is none of the fields {', '.join(known)}"
            raise AnswerError(message)
    truths = truths_of(exercise, searches)
    return [_spotted(exercise, ask, fields.get(ask.field, ""), truths[ask.field], searches) for ask in exercise.asks]


def truths_of(exercise: Exercise, searches: Searches) -> dict[str, _Truth]:
    """What a search accepts for each field."""
    return {ask.field: _truth(exercise, ask, searches) for ask in exercise.asks}


def _truth(exercise: Exercise, ask: Ask, searches: Searches) -> _Truth:
    if ask.text:
        return _Truth((str(line_of(exercise.code, ask.text, exercise.name)),))
    verdict = searches.own(exercise, ask.place)
    if ask.event is not None:
        found = find_event(verdict, ask.event)
        return _Truth(("no" if found is None else "yes",), found is not None or verdict.complete)
    faults = [found.fault for found in verdict.faults]
    if ask.fault:
        lines = {str(f.span.line) for f in faults if f.kind == ask.fault and f.span is not None and f.source == 0}
        return _Truth(tuple(sorted(lines, key=int)), verdict.complete)
    if ask.object or ask.holding:
        kind = ask.object or ask.holding
        first = [f for f in faults if f.kind == kind]
        names = {f.object for f in first if f.object} if ask.object else set(first[0].holding if first else ())
        return _Truth(tuple(sorted(names)), verdict.complete)
    return _Truth(tuple(sorted({f.kind for f in faults})), verdict.complete)


def _spotted(exercise: Exercise, ask: Ask, value: str, truth: _Truth, searches: Searches) -> Finding:
    if not truth.decided:
        return Finding(ask.question, "undecided", 0, ask.points, "undecided: a search stopped at its limit")
    if value in truth.values:
        text = f"{ask.field} = {value}, as a search of every schedule finds"
        return Finding(ask.question, "met", ask.points, ask.points, text)
    several = len(value.split())
    if several > 1:
        text = f"one value is asked for, and {ask.field} has {several}"
        return Finding(ask.question, "too wide", 0, ask.points, text, ask.hint)
    return Finding(ask.question, "wrong", 0, ask.points, _why_wrong(exercise, ask, value, searches), ask.hint)


def _why_wrong(exercise: Exercise, ask: Ask, value: str, searches: Searches) -> str:
    """What can be said about a wrong value without telling the right one."""
    if not value:
        return f"there is no field {ask.field!r} in your answer"
    if ask.fault or ask.text:
        return _about_line(exercise, ask, value, searches)
    allowed = ask.options or (("yes", "no") if ask.event is not None else ())
    if allowed and value not in allowed:
        return f"{value[:60]!r} is none of {', '.join(allowed)}"
    return f"{value[:60]!r} is not what a search of every schedule finds"


def _about_line(exercise: Exercise, ask: Ask, value: str, searches: Searches) -> str:
    last = exercise.code.count("\n")
    if not value.isdecimal() or not 1 <= int(value) <= last:
        return f"{value[:60]!r} is not the number of a line; lines are 1 to {last}"
    if ask.text:
        return f"a change of line {value} alone would not mend every schedule"
    verdict = searches.own(exercise, ask.place)
    positions = [position for task in verdict.program.tasks for position in task.automaton.positions]
    ran = {p.operation.span.line for p in positions if p.operation is not None and p.operation.source == 0}
    if int(value) not in ran:
        return f"no step of any schedule is at line {value}: it touches nothing shared, or is never come to"
    return f"in {counted(len(verdict.graph.states), 'state')}, no step at line {value} breaks this rule"


def cured(exercise: Exercise, ask: Ask, searches: Searches) -> bool:
    """Whether the cure of a line makes every schedule clean: the proof that this line is the one to mend."""
    code = apply_edits(exercise.code, ask.cure, exercise.name)
    return searches.verdict(code, exercise.code_name, ask.place).status == "clean"
