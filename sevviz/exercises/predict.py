"""Marking a prediction: which of the endings that were offered can happen is never written down, a search finds it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sevviz.counting import counted
from sevviz.exercises.answers import read_letters
from sevviz.exercises.mark import Finding
from sevviz.exercises.search import Found, arena, find_event
from sevviz.exercises.showing import evidence

if TYPE_CHECKING:
    from sevviz.exercises.model import Exercise, Option
    from sevviz.exercises.search import Searches

__all__ = ["mark_predict"]

OVER, MISSED = 2, 3  # points: naming nothing impossible, leaving nothing out


def mark_predict(exercise: Exercise, answer: str, searches: Searches) -> list[Finding]:
    """Two findings: nothing is named that cannot happen, and nothing is left out that can."""
    chosen = read_letters(exercise, answer)
    possible: dict[str, Found | None] = {}
    decided = True
    for option in exercise.options:
        verdict = searches.own(exercise, option.place)
        possible[option.key] = find_event(verdict, option.event)
        decided &= verdict.complete or possible[option.key] is not None
    if not decided:
        text = "undecided: a search stopped at its limit"
        return [Finding("the endings that you named", "undecided", 0, OVER + MISSED, text)]
    wrong = [o for o in exercise.options if o.key in chosen and possible[o.key] is None]
    missing = [o for o in exercise.options if o.key not in chosen and possible[o.key] is not None]
    return [_named(exercise, chosen, wrong, searches), _left_out(exercise, missing, possible, searches)]


def _named(exercise: Exercise, chosen: set[str], wrong: list[Option], searches: Searches) -> Finding:
    name = "every ending that you named can happen"
    if wrong:
        verdict = searches.own(exercise, wrong[0].place)
        total = verdict.census.interleavings
        many = f"of {total:,}" if total is not None else "of all there are"
        text = f"no schedule {many} ends like this: ({wrong[0].key}) {wrong[0].label}"
        return Finding(name, "too wide", 0, OVER, text, exercise.hint(1))
    if not chosen:
        return Finding(name, "not reached", 0, OVER, "you named none")
    return Finding(name, "met", OVER, OVER, "each of them has a schedule")


def _left_out(
    exercise: Exercise, missing: list[Option], possible: dict[str, Found | None], searches: Searches
) -> Finding:
    name = "nothing that can happen is left out"
    if not missing:
        return Finding(name, "met", MISSED, MISSED, f"certified in {counted(searches.states, 'state')}")
    option = missing[0]
    found = possible[option.key]
    assert found is not None  # that is why it is missing
    verdict = searches.own(exercise, option.place)
    shown = evidence(
        verdict.program, arena(option.place), found, f"a run that your prediction rules out ({option.key})"
    )
    text = f"here is a run that ends in a way you left out: ({option.key}) {option.label}"
    return Finding(name, "too narrow", 0, MISSED, text, exercise.hint(0), shown)
