"""The point of no return of a run: the last step before which every task could still return."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sevviz.analysis import last_choice, trace_classes
from sevviz.schedule import format_actor, task_of
from sevviz.traces import operation_of
from sevviz.verdict import verdict_of
from sevviz.views.names import task_name

if TYPE_CHECKING:
    from sevviz.analysis import StateClass
    from sevviz.model import Program, State, Trace
    from sevviz.verdict import Verdict

__all__ = ["NoReturn", "no_return_words", "point_of_no_return"]


class NoReturn(NamedTuple):
    """Step number `step` (from 1) chose `actor`; each of `saving` could have been chosen there and was still safe."""

    step: int
    actor: int
    saving: tuple[int, ...]
    sentence: str


def point_of_no_return(trace: Trace, verdict: Verdict | None = None) -> NoReturn | None:
    """The step of a run that lost it, and what would have saved it; None while every task can still return.

    `verdict` is the finished search of the same program; without it, the search is done here.
    """
    verdict = verdict or verdict_of(trace.program)
    classes = trace_classes(verdict.graph, verdict.survey, trace)
    step = last_choice(classes)
    if step is None:
        return None
    graph = verdict.graph
    before = graph.states.index(trace.states[step - 1])
    kinds = [(actor, verdict.survey.classes[target]) for actor, target in graph.edges[before]]
    saving = tuple(actor for actor, kind in kinds if kind in ("safe", "finished"))
    actor = trace.steps[step - 1].actor
    return NoReturn(step, actor, saving, _sentence(trace, step, actor, saving))


def no_return_words(trace: Trace, verdict: Verdict | None = None) -> str:
    """The sentence on a run's point of no return, that it has none yet, or that it was lost before its first step."""
    verdict = verdict or verdict_of(trace.program)
    found = point_of_no_return(trace, verdict)
    if found:
        return found.sentence
    classes = trace_classes(verdict.graph, verdict.survey, trace)
    if classes[-1] == "finished":
        return "Every task has returned."
    if classes[-1] == "safe" and not verdict.complete:
        return "The search did not finish, so it cannot tell whether every task can still return."
    if classes[-1] == "safe":
        return "No choice was fatal so far: every task can still return."
    return _lost_from_the_start(classes[-1], verdict)


def _lost_from_the_start(now: StateClass, verdict: Verdict) -> str:
    """What is said of a run that never had a safe state."""
    ends = {outcome.kind for outcome in verdict.outcomes}
    here = {"deadlocked": "deadlock", "faulted": "fault"}.get(now)
    if verdict.complete and verdict.livelock is None and ends == {here}:
        return "No choice could have saved it: every schedule of this scenario ends like this."
    return "No choice can save it: no schedule of this scenario lets every task return."


def _sentence(trace: Trace, step: int, actor: int, saving: tuple[int, ...]) -> str:
    program, state = trace.program, trace.states[step - 1]
    others = [_choice(program, state, other) for other in saving]
    return (
        f"Step {step} is the point of no return: {_choice(program, state, actor)}. Before it every task could still "
        f"return; after it, whatever is chosen, some never will. It could have been saved by "
        f"{' or '.join(others)} instead."
    )


def _choice(program: Program, state: State, actor: int) -> str:
    """A choice as a noun: "task 1 (A→B) with mutex_lock(A.lock) (schedule: 1)"."""
    who, operation = task_name(program, task_of(actor)), operation_of(program, state, actor)
    if operation is None:
        return f"a fatal signal to {who} ({format_actor(actor)})"
    return f"{who} with {operation.text}"
