"""Marking a repaired scheme: every criterion is a search, and what it finds is shown on a schedule.

Too weak: some schedule of the answer breaks a rule. Too strong: something that a reference allows, an outcome or the
overlap of independent moves, has become impossible. A search that stopped at its limit proves no absence.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

from sevviz.errors import SchemeError, SevvizError
from sevviz.exercises.criteria import Judge
from sevviz.exercises.search import Searches
from sevviz.exercises.untouched import check_fixed

if TYPE_CHECKING:
    from sevviz.exercises.mark import Finding, Status
    from sevviz.exercises.model import Criterion, Exercise

__all__ = ["mark_repair"]

GATED = "it counts once the move does its work"
NOT_MENDED = "it was so before, and counts once something has been mended"


def mark_repair(exercise: Exercise, answer: str, searches: Searches, criteria: tuple[Criterion, ...]) -> list[Finding]:
    """One finding for each criterion. Raises SchemeError where the answer is not understood."""
    findings = _judge(exercise, answer, searches, criteria)
    gates = {f.status for c, f in zip(criteria, findings, strict=True) if c.gate}
    if gates - {"met"}:
        return [_held_back(finding, GATED, sure=gates != {"undecided"}) for finding in findings]
    gained = {f.status for f in findings if f.name in _faulty(exercise, searches.limit)}
    if "met" not in gained:
        return [_held_back(finding, NOT_MENDED, sure="undecided" not in gained) for finding in findings]
    return findings


def _judge(exercise: Exercise, answer: str, searches: Searches, criteria: tuple[Criterion, ...]) -> list[Finding]:
    name = f"{exercise.name}.c"
    starter = searches.scheme(exercise.code, exercise.code_name)
    searches.pin(answer, name, starter.header)
    check_fixed(exercise, answer, name, set(searches.scheme(answer, name).functions))
    judge = Judge(exercise, answer, name, searches)
    return [_finding(judge, criterion) for criterion in criteria]


def _finding(judge: Judge, criterion: Criterion) -> Finding:
    try:
        return judge.finding(criterion)
    except SchemeError as error:  # seen only when a task is followed: a loop without an end, a NULL pointer
        return judge.missed(criterion, "endless" if "loop" in error.message else "too weak", str(error))
    except SevvizError as error:
        return judge.missed(criterion, "too weak", str(error))


@cache
def _faulty(exercise: Exercise, limit: int) -> frozenset[str]:
    """The criteria that the starter does not meet: an answer that mends none of them earns nothing for the others."""
    findings = _judge(exercise, exercise.code, Searches(limit), exercise.criteria)
    return frozenset(finding.name for finding in findings if finding.status != "met")


def _held_back(finding: Finding, why: str, *, sure: bool) -> Finding:
    """A criterion that is met and earns nothing yet: it is not `sure` while a search that decides it was cut short."""
    if finding.status != "met" or not finding.out_of:
        return finding
    status: Status = "not reached" if sure else "undecided"
    return replace(finding, status=status, points=0, text=f"{finding.text}; {why}")
