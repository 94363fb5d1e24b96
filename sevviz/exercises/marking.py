"""From an answer to a mark. Nothing of an answer is ever executed: C is read by the front end and searched."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sevviz.counting import counted
from sevviz.errors import SchemeError
from sevviz.exercises.answers import AnswerError
from sevviz.exercises.construct import mark_construct
from sevviz.exercises.mark import SEVERITY, Finding, Mark, Verdict
from sevviz.exercises.predict import mark_predict
from sevviz.exercises.repair import mark_repair
from sevviz.exercises.search import Searches
from sevviz.exercises.spot import mark_spot

if TYPE_CHECKING:
    from sevviz.exercises.model import Exercise

__all__ = ["Limits", "full_points", "mark_here", "undecided"]


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one answer may cost. States are counted for each search: a mark does not depend on the machine."""

    states: int = 30_000
    seconds: int = 60
    megabytes: int = 2048  # of address space
    answer_bytes: int = 65_536


MESSAGES: dict[Verdict, str] = {
    "right": "Every criterion is met, by a search of all schedules ({states}).",
    "too weak": "A schedule breaks what was asked: follow it, step by step, to the step that you did not expect.",
    "too strong": "Nothing goes wrong, but something that should be possible no longer is.",
    "endless": "A schedule never ends: go through its loop twice and look for what does not change.",
    "too narrow": "More can happen than you named.",
    "too wide": "Less can happen than you named.",
    "too long": "It gets there, with more than it needs.",
    "wrong": "Not yet.",
    "undecided": "The search stopped at its limit; what it did not see is not held against you. Ask your teacher.",
}


def mark_here(exercise: Exercise, answer: str, limits: Limits | None = None, *, hidden: bool = True) -> Mark:
    """The mark on an answer, worked out in this process, within the limits on states and on the answer's length.

    `hidden` tells whether the hidden criteria count. Never raises for a bad answer.
    """
    limits = limits or Limits()
    size = len(answer.encode("utf-8", "replace"))
    if not answer.strip():
        return _bare(exercise, "unanswered", "There is no answer yet.", hidden=hidden)
    if size > limits.answer_bytes:
        text = f"The answer has {size:,} bytes; up to {limits.answer_bytes:,} are read."
        return _bare(exercise, "too large", text, hidden=hidden)
    searches = Searches(limits.states)
    try:
        findings = _findings(exercise, answer, searches, hidden=hidden)
    except SchemeError as error:
        mark = _bare(
            exercise, "unreadable", f"{error}\nThe rest of the marking needs C that can be read.", hidden=hidden
        )
        return replace(mark, line=error.line, column=error.column)
    except AnswerError as error:
        return _bare(exercise, "unreadable", f"{error}.", hidden=hidden)
    return _sum_up(exercise, findings, searches.states)


def _findings(exercise: Exercise, answer: str, searches: Searches, *, hidden: bool) -> list[Finding]:
    if exercise.kind == "repair":
        criteria = tuple(c for c in exercise.criteria if hidden or not c.hidden)
        return mark_repair(exercise, answer, searches, criteria)
    marker = {"predict": mark_predict, "construct": mark_construct, "spot": mark_spot}[exercise.kind]
    return marker(exercise, answer, searches)


def full_points(exercise: Exercise, *, hidden: bool = True) -> int:
    """What a right answer is worth."""
    match exercise.kind:
        case "predict" | "construct":
            return 5
        case "spot":
            return sum(ask.points for ask in exercise.asks)
        case "repair":
            return sum(c.points for c in exercise.criteria if hidden or not c.hidden)


def undecided(exercise: Exercise, text: str, *, hidden: bool = True) -> Mark:
    """The mark where marking itself met its limits: never wrong, and a person has to look."""
    return _bare(exercise, "undecided", text, hidden=hidden)


def _bare(exercise: Exercise, verdict: Verdict, text: str, *, hidden: bool) -> Mark:
    points = full_points(exercise, hidden=hidden)
    pending = points if verdict == "undecided" else 0
    return Mark(exercise.name, exercise.title, verdict, 0, points, text, pending)


def _sum_up(exercise: Exercise, findings: list[Finding], states: int) -> Mark:
    statuses = {finding.status for finding in findings}
    verdict: Verdict = next((verdict for verdict in SEVERITY if verdict in statuses), "right")
    if verdict == "right" and "not reached" in statuses:
        verdict = "wrong"
    points, out_of = sum(f.points for f in findings), sum(f.out_of for f in findings)
    pending = sum(f.out_of for f in findings if f.status == "undecided")
    text = MESSAGES[verdict].format(states=counted(states, "state"))
    return Mark(exercise.name, exercise.title, verdict, points, out_of, text, pending, states, tuple(findings))
