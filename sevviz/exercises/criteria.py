"""The rules that a criterion can name: what is searched for, and how what is found is told."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sevviz.catalogue import load
from sevviz.counting import all_states, counted
from sevviz.exercises.mark import Finding, Status
from sevviz.exercises.model import Criterion, Event, Place
from sevviz.exercises.search import (
    Found,
    Searches,
    arena,
    find_event,
    idle,
    inside_together,
    unguarded,
    unkillable,
    unprotected,
    without,
)
from sevviz.exercises.showing import evidence

if TYPE_CHECKING:
    from sevviz.exercises.model import Exercise
    from sevviz.loops import Lasso
    from sevviz.verdict import Verdict

__all__ = ["Judge"]

ANSWER = "your answer"

FAULT_WORDS = {
    "sleep-in-atomic": "a function that may sleep is called, or sleeps, while a spinlock is held; it is about {}",
    "unlock-not-held": "a task gives back {}, which it does not hold; only the holder may",
    "held-at-return": "a task returns and still holds {}",
    "flag-left-set": "all tasks have returned, and {} is not as it was: the next move will find it so",
    "exclusion": "two tasks are inside the work on {} at the same time",
}


class _Shown(NamedTuple):
    """A schedule and where it runs; on the answer unless there is a reference."""

    place: Place
    found: Found | None
    reference: Verdict | None = None


class Judge:
    """The searches for one answer, and how their results become findings."""

    def __init__(self, exercise: Exercise, answer: str, name: str, searches: Searches) -> None:
        self.exercise = exercise
        self.answer = answer
        self.name = name
        self.searches = searches
        self.entry = searches.scheme(answer, name).header["entry"]

    def finding(self, criterion: Criterion) -> Finding:
        """What became of one criterion. Raises SevvizError where the answer does not fit the place."""
        match criterion.rule:
            case "returns":
                return self._returns(criterion)
            case "winner":
                return self._winner(criterion)
            case "works":
                return self._works(criterion)
            case "overlap":
                return self._overlap(criterion)
            case "protected" | "killable" | "guarded":
                return self._never(criterion)
        return self._clean(criterion)

    def met(self, criterion: Criterion, verdict: Verdict, text: str = "") -> Finding:
        """A criterion that nothing speaks against; where the search was cut short, it is undecided."""
        count = len(verdict.graph.states)
        if not verdict.complete:
            searched = counted(count, "state")
            told = f"undecided: nothing against it in the first {searched}, but there are more than the limit"
            return Finding(criterion.name, "undecided", 0, criterion.points, told, "", None, count, criterion.hidden)
        told, points = text or f"certified in {all_states(count)}", criterion.points
        return Finding(criterion.name, "met", points, points, told, "", None, count, criterion.hidden)

    def missed(self, criterion: Criterion, status: Status, text: str, shown: _Shown | None = None) -> Finding:
        """A criterion that is not met, with the schedule that shows it, on the answer or on a reference."""
        proof, count = None, 0
        if shown is not None and shown.found is not None:
            searched = shown.reference or self._verdict(shown.place)
            on = ANSWER if shown.reference is None else f"the reference ({searched.program.name})"
            proof = evidence(searched.program, arena(shown.place), shown.found, on)
            count = len(searched.graph.states)
        return Finding(
            criterion.name, status, 0, criterion.points, text, criterion.hint, proof, count, criterion.hidden
        )

    def _verdict(self, place: Place) -> Verdict:
        return self.searches.verdict(self.answer, self.name, place)

    def _reference(self, criterion: Criterion) -> Verdict:
        """What the scheme that the answer is held against can do in the same place."""
        name = criterion.like or self.exercise.reference
        if name == "starter":
            return self.searches.own(self.exercise, criterion.place)
        return self.searches.verdict(load(name).text.text, f"{name}.c", criterion.place)

    def _clean(self, criterion: Criterion) -> Finding:
        """No endless loop, no fault, no deadlock: as far as the rule asks for it."""
        verdict, rule, place = self._verdict(criterion.place), criterion.rule, criterion.place
        if rule in ("clean", "no-livelock") and verdict.livelock is not None:
            return self._endless(criterion, verdict.livelock)
        if rule in ("clean", "safe", "no-fault"):
            for broken in verdict.faults:
                fault = broken.fault
                if fault.kind in FAULT_WORDS:  # a self-deadlock is told as the deadlock that it is
                    text = f"{fault.kind}: {FAULT_WORDS[fault.kind].format(fault.object or 'might_sleep()')}"
                    return self.missed(criterion, "too weak", text, _Shown(place, Found(broken.schedule)))
        if rule in ("clean", "safe", "no-deadlock") and verdict.deadlocks:
            found = Found(verdict.deadlocks[0].schedule)
            text = f"a deadlock after {counted(len(found.schedule), 'step')}, the fewest that make one"
            return self.missed(criterion, "too weak", text, _Shown(place, found))
        return self.met(criterion, verdict)

    def _endless(self, criterion: Criterion, lasso: Lasso) -> Finding:
        begin = f"after {counted(len(lasso.stem), 'step')}" if lasso.stem else "from the start"
        text = f"a livelock: {begin} the tasks can go round for ever, with a fair scheduler"
        return self.missed(criterion, "endless", text, _Shown(criterion.place, Found(lasso.stem, lasso.loop)))

    def _returns(self, criterion: Criterion) -> Finding:
        """Every ending that must be possible is, and none but those that may be."""
        verdict, must, only = self._verdict(criterion.place), set(criterion.must), set(criterion.only)
        if criterion.like:
            reference = self._reference(criterion)
            if not reference.complete:
                return self.met(criterion, reference)
            must = only = {tuple(map(str, returns)) for returns in reference.returns}
        can = {tuple(map(str, returns)) for returns in verdict.returns}
        for returns in sorted(can - only) if only else ():
            text = f"the results {', '.join(returns)} are possible, and should not be"
            shown = _Shown(criterion.place, find_event(verdict, Event(returns)))
            return self.missed(criterion, "too weak", text, shown)
        for returns in sorted(must - can) if verdict.complete else ():
            reference = self._reference(criterion)
            text = f"the results {', '.join(returns)} have become impossible: no schedule reaches them"
            shown = _Shown(criterion.place, find_event(reference, Event(returns)), reference)
            return self.missed(criterion, "too strong", text, shown)
        if not can and verdict.complete:
            return self.missed(criterion, "too weak", "no schedule comes to its end at all")
        return self.met(criterion, verdict)

    def _winner(self, criterion: Criterion) -> Finding:
        """In every schedule some task returns 0, sooner or later."""
        verdict = self._verdict(criterion.place)
        found = without(verdict, "0")
        if found is not None:
            return self.missed(criterion, "too weak", f"{found.what}: nobody wins", _Shown(criterion.place, found))
        if verdict.livelock is not None:
            return self._endless(criterion, verdict.livelock)
        return self.met(criterion, verdict)

    def _works(self, criterion: Criterion) -> Finding:
        """Alone, a move returns 0; it never returns 0 without the work, nor works without both mutexes."""
        alone = self._verdict(criterion.place)
        ends = sorted(tuple(map(str, returns)) for returns in alone.returns)
        bad = [returns for returns in ends if returns != ("0",)]
        if bad or (not ends and alone.complete):
            text = f"it returns {bad[0][0]}" if bad else "it never returns"
            found = find_event(alone, Event(bad[0])) if bad else None
            told = f"{text}, though nobody is in its way"
            return self.missed(criterion, "too weak", told, _Shown(criterion.place, found))
        for place in (criterion.place, Place(initial=criterion.place.initial)):
            graph = self._verdict(place).graph
            found = idle(graph, self.entry) or unprotected(graph, criterion.locks or ("lock",))
            if found is not None:
                return self.missed(criterion, "too weak", found.what, _Shown(place, found))
        return self.met(criterion, alone)

    def _overlap(self, criterion: Criterion) -> Finding:
        """Two moves that share no VM can be inside their work at the same time."""
        verdict = self._verdict(criterion.place)
        if inside_together(verdict.graph) is not None:
            points = criterion.points
            text, count = "a schedule has both inside their work", len(verdict.graph.states)
            return Finding(criterion.name, "met", points, points, text, "", None, count, criterion.hidden)
        if not verdict.complete:
            return self.met(criterion, verdict)
        reference = self._reference(criterion)
        text = "two moves that share no VM can no longer do their work at the same time: no schedule has both inside"
        shown = _Shown(criterion.place, inside_together(reference.graph), reference)
        return self.missed(criterion, "too strong", text, shown)

    def _never(self, criterion: Criterion) -> Finding:
        """Some kind of state is never reached."""
        verdict, locks = self._verdict(criterion.place), criterion.locks
        if criterion.rule == "protected":
            found = unprotected(verdict.graph, locks or ("lock",))
        elif criterion.rule == "killable":
            found = unkillable(verdict.graph, self.entry, locks)
        else:
            found = unguarded(verdict.graph, self.entry, criterion.flag or "migration_in_progress")
        if found is not None:
            return self.missed(criterion, "too weak", found.what, _Shown(criterion.place, found))
        return self.met(criterion, verdict)
