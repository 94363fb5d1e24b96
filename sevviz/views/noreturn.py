"""The point of no return of a run: the last step before which every task could still return."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sevviz.analysis import last_choice, trace_classes
from sevviz.schedule import format_actor, task_of
from sevviz.traces import operation_of
from sevviz.verdict import verdict_of
from sevviz.views.names import task_name

if TYPE_CHECKING:
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
    """The sentence on a run's point of no return, or that it has none yet."""
    found = point_of_no_return(trace, verdict)
    if found:
        return found.sentence
    done = all(result is not None for result in _results(trace))
    return "Every task has returned." if done else "No choice was fatal so far: every task can still return."


def _results(trace: Trace) -> list[int | None]:
    program, state = trace.program, trace.states[-1]
    return [program.position(state, task).result for task in range(len(program.tasks))]


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
