"""Verdict chips: each outcome, fault and endless run of a verdict, with a shortest schedule that shows it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from sevviz.counting import counted
from sevviz.views.names import listed
from sevviz.views.verdict_words import FAULT_WORDS, outcome_label, schedules_words

if TYPE_CHECKING:
    from sevviz.census import FoundFault, Outcome
    from sevviz.loops import Lasso
    from sevviz.verdict import Verdict

__all__ = ["Chip", "chips_of"]

Tone = Literal["bad", "fair", "good"]


@dataclass(frozen=True, slots=True)
class Chip:
    """One finding. `schedule` are actors; `loop` is the length of the loop that it goes round twice, 0 for none."""

    kind: Literal["returned", "deadlock", "fault", "livelock", "starvation"]
    label: str
    count: str  # "62 of 262 schedules", or ""
    tone: Tone
    schedule: tuple[int, ...]
    loop: int = 0


def chips_of(verdict: Verdict) -> list[Chip]:
    """All findings, the bad ones first. Faults of one kind share a chip, which shows the shortest schedule."""
    found = [_of_outcome(verdict, outcome) for outcome in verdict.outcomes if outcome.kind != "fault"]
    found += [_of_fault(verdict, fault) for fault in _first_of_each_kind(verdict)]
    if verdict.livelock is not None:
        found.append(_of_lasso("livelock", "livelock", verdict.livelock, "bad"))
    if verdict.starvation is not None:
        names = listed(map(str, verdict.starvation.tasks))
        found.append(_of_lasso("starvation", f"starvation of task {names}", verdict.starvation, "fair"))
    order: dict[Tone, int] = {"bad": 0, "fair": 1, "good": 2}
    return sorted(found, key=lambda chip: order[chip.tone])


def _of_outcome(verdict: Verdict, outcome: Outcome) -> Chip:
    label = outcome_label(verdict.program, outcome)
    count = schedules_words(outcome.interleavings, verdict.census.interleavings)
    if outcome.deadlock is not None:
        return Chip("deadlock", label, count, "bad", outcome.schedule)
    good = all(value in ("0", None) for value in outcome.returns)
    return Chip("returned", label, count, "good" if good else "fair", outcome.schedule)


def _first_of_each_kind(verdict: Verdict) -> list[FoundFault]:
    """The fault with the shortest schedule for each kind; a self-deadlock has its chip as a deadlock."""
    firsts: dict[str, FoundFault] = {}
    for found in sorted(verdict.faults, key=lambda found: len(found.schedule)):
        if found.fault.kind != "self-deadlock":
            firsts.setdefault(found.fault.kind, found)
    return list(firsts.values())


def _of_fault(verdict: Verdict, found: FoundFault) -> Chip:
    label = FAULT_WORDS.get(found.fault.kind, found.fault.kind)
    count = schedules_words(found.interleavings, verdict.census.interleavings)
    return Chip("fault", label, count, "bad", found.schedule)


def _of_lasso(kind: Literal["livelock", "starvation"], label: str, lasso: Lasso, tone: Tone) -> Chip:
    length = len(lasso.loop)
    return Chip(kind, label, f"a loop of {counted(length, 'step')}", tone, lasso.stem + lasso.loop * 2, length)
