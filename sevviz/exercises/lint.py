"""What an author must not get wrong, proved by marking: the starter fails, the solution passes, a global lock does not.

A problem is one line of text. An exercise without problems can be given to students.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

from sevviz.catalogue import load
from sevviz.counting import counted
from sevviz.errors import SevvizError
from sevviz.exercises.marking import Limits, mark_here
from sevviz.exercises.notebooks import exercise_cells
from sevviz.exercises.reading import read_exercise
from sevviz.exercises.search import Searches, find_event
from sevviz.exercises.spot import cured, truths_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sevviz.exercises.mark import Mark
    from sevviz.exercises.model import Exercise, Sample

__all__ = ["lint"]

LONGEST_LINE = 125  # of goal and test: one line of a page
FEWEST_OPTIONS = 3
SHORT = 12  # a line of C of so few characters ("return 0;") gives nothing away


def lint(path: Path) -> list[str]:
    """The problems of the exercise in a TOML file."""
    try:
        exercise = read_exercise(path)
        searches = Searches(Limits().states)
        found = [*_form(exercise), *_kind(exercise, searches), *_samples(exercise), *_secrets(exercise)]
    except SevvizError as error:
        return [f"{path.stem}: {error}"]
    return [f"{path.stem}: {problem}" for problem in found]


def _form(exercise: Exercise) -> Iterator[str]:
    for key, text in (("title", exercise.title), ("goal", exercise.goal), ("test", exercise.test)):
        if "\n" in text or len(text) > LONGEST_LINE:
            yield f"{key} must be one line of up to {LONGEST_LINE} characters, it has {len(text)}"
    if not exercise.name.startswith(f"{exercise.kind}_"):
        yield f"its file name must begin with {exercise.kind}_, so that students find their way"
    if exercise.minutes < 1:
        yield "minutes is missing: a lesson plan needs it"
    if exercise.kind in ("predict", "construct") and not exercise.hints:
        yield "there are no hints"


def _kind(exercise: Exercise, searches: Searches) -> Iterator[str]:
    match exercise.kind:
        case "predict":
            yield from _predict(exercise, searches)
        case "construct":
            yield from _construct(exercise, searches)
        case "spot":
            yield from _spot(exercise, searches)
        case "repair":
            yield from _repair(exercise)


def _predict(exercise: Exercise, searches: Searches) -> Iterator[str]:
    possible = [find_event(searches.own(exercise, option.place), option.event) for option in exercise.options]
    if len(possible) < FEWEST_OPTIONS or all(possible) or not any(possible):
        yield f"it needs {FEWEST_OPTIONS} options or more, of which some can happen and some cannot"
    if not all(searches.own(exercise, option.place).complete for option in exercise.options):
        yield "a search stops at its limit: choose a smaller scenario"


def _construct(exercise: Exercise, searches: Searches) -> Iterator[str]:
    from dataclasses import replace

    names = [name for name, _ in exercise.choose]
    shortest = []
    for values in product(*(values for _, values in exercise.choose)):
        initial = tuple(zip(names, values, strict=True)) or exercise.place.initial
        found = find_event(searches.own(exercise, replace(exercise.place, initial=initial)), exercise.target)
        shortest += [len(found.schedule)] if found else []
    if not shortest:
        yield f"no schedule reaches the target, {exercise.target}"
    elif exercise.at_most and exercise.at_most < min(shortest):
        yield f"at_most is {exercise.at_most}, and the shortest schedule has {counted(min(shortest), 'step')}"


def _spot(exercise: Exercise, searches: Searches) -> Iterator[str]:
    truths = truths_of(exercise, searches)
    for ask in exercise.asks:
        truth = truths[ask.field]
        if not truth.values or not truth.decided:
            yield f"{ask.field}: a search finds nothing that could be right"
        if ask.options and (not set(truth.values) & set(ask.options) or set(ask.options) <= set(truth.values)):
            yield f"{ask.field}: the options must have something right and something wrong"
        if ask.text and not cured(exercise, ask, searches):
            yield f"{ask.field}: with the cure the scheme is still not clean, so nothing proves that this is the line"
        if not ask.hint:
            yield f"{ask.field}: there is no hint"


def _repair(exercise: Exercise) -> Iterator[str]:
    if mark_here(exercise, exercise.code).right:
        yield "the starter passes: there is nothing to repair"
    if not any(criterion.gate for criterion in exercise.criteria):
        yield 'no criterion is a gate: an answer that does nothing could earn points (rule = "works", gate = true)'
    if not any(c.rule == "overlap" or c.must or c.like for c in exercise.criteria):
        yield "nothing rejects an answer that locks too much: ask for overlap, or for results that must stay possible"
    yield from (f"{c.name!r}: there is no hint" for c in exercise.criteria if not c.hint)
    yield from _global_lock(exercise)


def _global_lock(exercise: Exercise) -> Iterator[str]:
    """Where overlap is asked, the answer that locks everything is tried on it."""
    asked = [criterion.name for criterion in exercise.criteria if criterion.rule == "overlap"]
    plain = [
        criterion for criterion in exercise.criteria if criterion.rule == "overlap" and not criterion.place.initial
    ]
    if not asked or exercise.fixed or not plain:
        return
    mark = mark_here(exercise, load("global_mutex").text.text)
    wrong = [finding.name for finding in mark.findings if finding.name in asked and finding.status != "too strong"]
    if mark.right or wrong:
        yield f"a global lock is not rejected by {', '.join(map(repr, wrong)) or 'any criterion'}"


def _samples(exercise: Exercise) -> Iterator[str]:
    marks = [(sample, mark_here(exercise, sample.answer)) for sample in exercise.samples]
    for number, (sample, mark) in enumerate(marks, 1):
        if mark.verdict != sample.verdict:
            yield f"sample {number} is said to be {sample.verdict}, and is marked {mark.verdict}: {mark.message}"
        elif sample.says.lower() not in str(mark).lower():
            yield f"sample {number}: the feedback does not have the words {sample.says!r}"
        elif mark.right and mark.points != mark.out_of:
            yield f"sample {number} is right and gets {mark.points} of {counted(mark.out_of, 'point')}"
    verdicts = {sample.verdict for sample, _ in marks}
    if "right" not in verdicts or verdicts == {"right"}:
        yield "it needs a sample that is right and one that is not"
    if exercise.kind == "repair" and not {"too strong", "too weak"} <= verdicts:
        yield "it needs a sample that is too weak and one that is too strong"


def _secrets(exercise: Exercise) -> Iterator[str]:
    """Nothing hidden is in what students get, and no feedback tells the answer."""
    handed_out = "\n".join("".join(cell["source"]) for cell in exercise_cells(exercise))
    for criterion in exercise.criteria:
        if criterion.hidden and (criterion.name in handed_out or (criterion.hint and criterion.hint in handed_out)):
            yield f"the hidden criterion {criterion.name!r} is in the student's notebook"
    solutions = [sample for sample in exercise.samples if sample.verdict == "right"]
    yield from (
        "a solution is in the student's notebook"
        for s in solutions
        if exercise.kind != "repair" and _tells(handed_out, s)
    )
    for number, sample in enumerate(exercise.samples, 1):
        mark = mark_here(exercise, sample.answer)
        if not mark.right and any(_gives_away(exercise, mark, sample, solution) for solution in solutions):
            yield f"the feedback on sample {number} gives the answer away"


def _tells(text: str, solution: Sample) -> bool:
    answer = solution.answer.strip()
    return len(answer) > SHORT and answer in text


def _gives_away(exercise: Exercise, mark: Mark, sample: Sample, solution: Sample) -> bool:
    """Whether feedback has a line of the solution that neither the starter nor the answer has."""
    if exercise.kind != "repair":
        return _tells(str(mark), solution) and solution.answer.strip() not in sample.answer
    known = exercise.code + sample.answer
    lines = {line.strip() for line in solution.answer.split("\n")}
    new = {line for line in lines if len(line) > SHORT and line not in known}
    feedback = "\n".join([mark.message, *(f"{f.text} {f.hint}" for f in mark.findings)])
    return any(line in feedback for line in new)
