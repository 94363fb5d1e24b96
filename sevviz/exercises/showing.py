"""A schedule as text and as evidence: the steps, the lines of C that they ran, and who waits for whom at the end."""

from __future__ import annotations

from textwrap import fill
from typing import TYPE_CHECKING

from sevviz.exercises.mark import Evidence
from sevviz.report import Paint
from sevviz.schedule import format_schedule
from sevviz.trace_report import COLUMNS, trace_text
from sevviz.traces import replay

if TYPE_CHECKING:
    from sevviz.catalogue import Scenario
    from sevviz.exercises.search import Found
    from sevviz.model import Program

__all__ = ["evidence", "source_lines", "story"]

MOST_STEPS = 60  # a longer schedule is shown by its last steps


def story(program: Program, schedule: tuple[int, ...], loop: tuple[int, ...] = ()) -> str:
    """A schedule step by step, then the lines of C it ran. A loop is gone through once after its stem."""
    trace, problem = replay(program, (*schedule, *loop))
    parts = [_prose(f"schedule: {format_schedule(schedule) or '(no step)'}")]
    if loop:
        parts.append(_prose(f"and then, for ever: {format_schedule(loop)}"))
    parts.append(_shorten(trace_text(trace, Paint(colour=False))))
    if problem:
        parts.append(_prose(problem))
    return "\n".join([*parts, "", "lines that ran", *source_lines(program, (*schedule, *loop))])


def _prose(text: str) -> str:
    return fill(text, COLUMNS, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)


def _shorten(text: str) -> str:
    lines = text.split("\n")
    if len(lines) <= MOST_STEPS:
        return text
    left_out = len(lines) - MOST_STEPS
    return "\n".join([*lines[: MOST_STEPS // 2], f"... {left_out} lines left out ...", *lines[-MOST_STEPS // 2 :]])


def source_lines(program: Program, schedule: tuple[int, ...]) -> list[str]:
    """The lines of the scheme that a schedule ran, and those that tasks stand at in the end, with their numbers."""
    trace, _ = replay(program, schedule)
    ran = [step.operation for step in trace.steps]
    ran += [program.position(trace.states[-1], task).operation for task in range(len(program.tasks))]
    numbers = sorted({operation.span.line for operation in ran if operation is not None and operation.source == 0})
    text = program.sources[0].text.split("\n")
    return [f"{number:4}  {text[number - 1].replace(chr(9), '    ')}" for number in numbers]


def evidence(program: Program, arena: Scenario, found: Found, on: str) -> Evidence:
    """A schedule as evidence, ready to be opened in a stepper."""
    return Evidence(
        on, program.sources[0].text, arena.tasks, program.signals, arena.settings.initial, program.cpus,
        arena.settings.retry, format_schedule(found.schedule), format_schedule(found.loop),
        f"On {on}:\n{story(program, found.schedule, found.loop)}",
    )  # fmt: skip
