"""What a page says without its player: every outcome with a shortest schedule, as a still and step by step as text."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from sevviz.schedule import format_schedule
from sevviz.traces import run
from sevviz.views.stills import lanes_svg, legend_html, looks_of
from sevviz.views.verdict_words import verdict_line
from sevviz.views.waitfor import draw_wait_for
from sevviz.views.words import deadlock_sentence, step_sentence

if TYPE_CHECKING:
    from sevviz.analysis import Deadlock
    from sevviz.census import Outcome
    from sevviz.model import Trace
    from sevviz.verdict import Verdict

__all__ = ["story_html"]

MOST_OUTCOMES = 12  # a ring of many has more result tuples than a reader reads


def story_html(verdict: Verdict, kernel: dict[str, Any] | None = None) -> str:
    """The verdict, then the outcomes: for each a still, a list of sentences, and what a real kernel printed there.

    `kernel` is what sevviz.kernel.evidence found of the program.
    """
    shown = verdict.outcomes[:MOST_OUTCOMES]
    traces = [run(verdict.program, outcome.schedule) for outcome in shown]
    parts = [f"<p>{escape(verdict_line(verdict))}</p>", legend_html(looks_of(trace) for trace in traces)]
    for outcome, trace in zip(shown, traces, strict=True):
        parts += [_outcome(verdict, outcome, trace), _spoken(kernel, format_schedule(outcome.schedule))]
    more = len(verdict.outcomes) - len(shown)
    if more:
        parts.append(f"<p>{more} more outcomes: run the notebook for the rest.</p>")
    return "".join(parts)


def _outcome(verdict: Verdict, outcome: Outcome, trace: Trace) -> str:
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
    closing = _closing(verdict, outcome.deadlock, trace) if outcome.deadlock else ""
    schedule = format_schedule(outcome.schedule) or "no step"
    said = f"<p><strong>{escape(head)}</strong>{escape(count)}; shortest schedule: {schedule}</p>"
    return f"{said}{lanes_svg(trace, outcome.deadlock)}<ol>{items}</ol>{closing}"


def _spoken(kernel: dict[str, Any] | None, schedule: str) -> str:
    """The words of the first kernel that was run at a schedule, "" where none was."""
    texts, runs = (kernel["words"], kernel["runs"]) if kernel else ([], [])
    for found in runs:
        if found["schedule"] == schedule:
            words = "".join(f"<pre>{escape(texts[number])}</pre>" for number in found["words"])
            return f"<p>{escape(found['head'].format(where='this interleaving'))}</p>{words}"
    return ""


def _closing(verdict: Verdict, deadlock: Deadlock, trace: Trace) -> str:
    """The deadlock in a sentence, with its wait-for graph where there is Graphviz."""
    sentence = escape(deadlock_sentence(verdict.program, deadlock))
    svg = draw_wait_for(trace).svg
    picture = f'<img alt="Wait-for graph of this deadlock" src="data:image/svg+xml;charset=utf-8,{quote(svg)}">'
    return f"<p>{sentence}</p>{picture if svg else ''}"
