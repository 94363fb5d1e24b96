"""What a page says without its player: every outcome of a search with a shortest schedule, step by step, as text."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from sevviz.schedule import format_schedule
from sevviz.traces import run
from sevviz.views.verdict_words import verdict_line
from sevviz.views.words import deadlock_sentence, step_sentence

if TYPE_CHECKING:
    from sevviz.census import Outcome
    from sevviz.verdict import Verdict

__all__ = ["story_html"]

MOST_OUTCOMES = 12  # a ring of many has more result tuples than a reader reads


def story_html(verdict: Verdict) -> str:
    """The verdict, then the outcomes as lists of sentences."""
    shown = verdict.outcomes[:MOST_OUTCOMES]
    parts = [f"<p>{escape(verdict_line(verdict))}</p>", *(_outcome(verdict, outcome) for outcome in shown)]
    more = len(verdict.outcomes) - len(shown)
    if more:
        parts.append(f"<p>{more} more outcomes: run the notebook for the rest.</p>")
    return "".join(parts)


def _outcome(verdict: Verdict, outcome: Outcome) -> str:
    trace = run(verdict.program, outcome.schedule)
    pairs = zip(trace.steps, trace.states, trace.states[1:], strict=False)
    items = "".join(f"<li>{escape(step_sentence(verdict.program, *pair))}</li>" for pair in pairs)
    results = [f"task {n} returns {value}" for n, value in enumerate(outcome.returns, 1) if value is not None]
    title = outcome.kind.capitalize() if outcome.kind != "returned" else ""
    count = (
        f" ({outcome.interleavings:,} of {verdict.census.interleavings:,} schedules)"
        if outcome.interleavings is not None
        else ""
    )
    head = ", ".join(filter(None, [title, *results]))
    closing = f"<p>{escape(deadlock_sentence(verdict.program, outcome.deadlock))}</p>" if outcome.deadlock else ""
    schedule = format_schedule(outcome.schedule) or "no step"
    return (
        f"<p><strong>{escape(head)}</strong>{escape(count)}; shortest schedule: {schedule}</p><ol>{items}</ol>{closing}"
    )
