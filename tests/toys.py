"""Toy schemes for the machinery, and short ways to search and step them."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

import sevviz
from sevviz.csource import Scheme, Settings, load_scheme, make_program

if TYPE_CHECKING:
    from typing import Unpack

    from sevviz.model import Operation, Program, Span, Trace
    from sevviz.verdict import Verdict


class Surroundings(TypedDict, total=False):
    """The settings of a scenario, see sevviz.csource.Settings."""

    initial: tuple[tuple[str, int], ...]
    signals: bool
    retry: int | None
    cpus: int | None
    weak: bool


HEADER = "/*\n * title: Toy\n * source: made up for this test\n * entry: migrate\n */\n"
DOUBLE = ("migrate(B, A)", "migrate(A, B)")
SAME = ("migrate(B, A)", "migrate(B, A)")
ALONE = "migrate(B, A)"
HOLD = "mutex_lock(&dst->lock); mutex_unlock(&dst->lock); return 0;"

ONE_LOCK = "mutex_lock(&big);\nmutex_unlock(&big);\nreturn 0;"
ABBA = (
    "mutex_lock(&dst->lock);\nmutex_lock(&src->lock);\nmutex_unlock(&src->lock);\nmutex_unlock(&dst->lock);\nreturn 0;"
)
KILLABLE_ABBA = """
	int ret;

	ret = mutex_lock_killable(&dst->lock);
	if (ret)
		return ret;
	ret = mutex_lock_killable(&src->lock);
	if (ret)
		goto out;
	mutex_unlock(&src->lock);
out:
	mutex_unlock(&dst->lock);
	return ret;
"""


def text(statements: str, before: str = "", header: str = HEADER) -> str:
    """A scheme file whose entry has these statements, from line 8 on where nothing stands before it."""
    return f"{header}{before}static int migrate(struct kvm *dst, struct kvm *src)\n{{\n{statements}\n}}\n"


def scheme(statements: str, before: str = "", header: str = HEADER) -> Scheme:
    """The toy scheme, named toy.c."""
    return load_scheme(text(statements, before, header), "toy.c")


def program(
    statements: str, *tasks: str, before: str = "", header: str = HEADER, **settings: Unpack[Surroundings]
) -> Program:
    """The toy scheme with tasks (the double migration if there are none) and the settings of a scenario."""
    return make_program(scheme(statements, before, header), tasks or DOUBLE, Settings(**settings))


def verdict(
    statements: str, *tasks: str, before: str = "", header: str = HEADER, **settings: Unpack[Surroundings]
) -> Verdict:
    """The verdict on a toy program."""
    from sevviz.verdict import verdict_of

    return verdict_of(program(statements, *tasks, before=before, header=header, **settings))


def alone(statements: str, before: str = "") -> Trace:
    """The run of one task, migrate(B, A), from its start to its end."""
    made = program(statements, "migrate(B, A)", before=before)
    trace = sevviz.run(made, ())
    while made.position(trace.states[-1], 0).operation is not None:
        trace = sevviz.run(made, (*trace.schedule, 1))
    return trace


def result(statements: str, before: str = "") -> int | None:
    """What one task returns that runs alone."""
    trace = alone(statements, before)
    return trace.program.position(trace.states[-1], 0).result


def operations(statements: str, before: str = "") -> list[Operation]:
    """The operations of one task that runs alone."""
    return [step.operation for step in alone(statements, before).steps if step.operation is not None]


def steps(statements: str, before: str = "") -> list[str]:
    """The steps of one task that runs alone, with names resolved."""
    return [operation.text for operation in operations(statements, before)]


def follow(made: Program, schedule: str) -> Trace:
    """The trace along a schedule string."""
    return sevviz.run(made, sevviz.parse_schedule(schedule, len(made.tasks)))


def faults(trace: Trace) -> list[tuple[int, str, int | None, str | None]]:
    """Each fault as (step, kind, task, object)."""
    return [(n, f.kind, f.task, f.object) for n, taken in enumerate(trace.steps, 1) for f in taken.faults]


def results(trace: Trace) -> list[int | None]:
    """What each task has returned at the end of a trace."""
    return [trace.program.position(trace.states[-1], task).result for task in range(len(trace.program.tasks))]


def step_results(trace: Trace) -> list[int | None]:
    """What each operation returned."""
    return [taken.result for taken in trace.steps]


def value_of(trace: Trace, name: str) -> int:
    """Who holds a lock, or what a field is, at the end of a trace."""
    return dict(zip((o.name for o in trace.program.objects), trace.states[-1].values, strict=True))[name]


def excerpt(source: str, span: Span) -> str:
    """The characters of a source that a span covers."""
    lines = source.split("\n")[span.line - 1 : span.end_line]
    lines[-1] = lines[-1][: span.end_column - 1]
    lines[0] = lines[0][span.column - 1 :]
    return "\n".join(lines)
