"""Where everything stands in a timeline, and what its short texts say. All lengths are inches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sevviz.analysis import ring_of
from sevviz.views.lanes import WORK, Bar, Lane, closing_of, lanes_of
from sevviz.views.names import arrow

if TYPE_CHECKING:
    from sevviz.model import Trace

__all__ = [
    "BETWEEN",
    "EDGE",
    "HEAD",
    "LANE",
    "LETTER",
    "LINE",
    "ROW",
    "SMALL",
    "Plan",
    "end_text",
    "has_faults",
    "object_name",
    "plan_of",
    "wait_texts",
]

STEP = 0.44
NARROW_STEP = 0.36  # where there are many
MANY = 40
HEAD = 0.92  # title, schedule and step numbers
LANE = 0.27  # a task's own row
ROW = 0.23  # one of its objects
BETWEEN = 0.17  # lanes
LETTER = 0.068  # of a text of 8 points
SMALL = 0.06  # of a text of 7 points
EDGE = 0.14
LINE = 0.18  # of the notes


@dataclass(frozen=True)
class Plan:
    """Where things go."""

    trace: Trace
    lanes: list[Lane]
    ring: frozenset[tuple[int, int]]  # (task, object) of the waits of the deadlock
    closing: int | None
    left: float  # where step 1 begins
    step: float  # how wide a step is
    end: float  # how wide the part after the last step is

    def x(self, time: float) -> float:
        """Where a state of the trace is: step n stands between the places of the times n - 1 and n."""
        return self.left + self.step * time

    @property
    def last(self) -> int:
        """The number of steps."""
        return len(self.trace.steps)

    @property
    def right(self) -> float:
        """The right edge of the lanes."""
        return self.x(self.last) + self.end

    def until(self, bar: Bar) -> float:
        """Where a bar ends: one that outlasts the trace goes on to the right edge."""
        return self.right if bar.open else self.x(bar.end)

    def tops(self) -> list[float]:
        """The upper edge of each lane, and the lower edge of the last."""
        tops = [HEAD]
        for lane in self.lanes:
            tops.append(tops[-1] + _height(lane) + BETWEEN)
        return tops


def plan_of(trace: Trace) -> Plan:
    """The plan of a trace."""
    lanes, closed = lanes_of(trace), closing_of(trace)
    program = trace.program
    names = [f"    {object_name(trace, o)}" for lane in lanes for o in lane.objects]
    names += [f"{lane.task}  {arrow(program.tasks[lane.task - 1].label)}  " for lane in lanes]
    ends = [end_text(trace, lane) for lane in lanes]
    ends += [wait_texts(bar)[0] for lane in lanes for bar in lane.bars if bar.open and bar.holder]
    ring = ring_of(program, trace.states[closed[0]], closed[1]) if closed else ()
    return Plan(
        trace, lanes, frozenset((wait.task, wait.object) for wait in ring), closed[0] if closed else None,
        left=EDGE + LETTER * max(map(len, names)) + 0.08,
        step=STEP if len(trace.steps) <= MANY else NARROW_STEP,
        end=max(0.6, LETTER * max(map(len, ends)) + 0.25),
    )  # fmt: skip


def object_name(trace: Trace, number: int) -> str:
    """The name of a row."""
    return "the work" if number == WORK else trace.program.objects[number].name


def end_text(trace: Trace, lane: Lane) -> str:
    """What has become of a task, to the right of its lane."""
    if lane.returned is not None:
        return f"returned {lane.result}" if lane.result else "returned"
    waiting = next((bar for bar in lane.bars if bar.open and bar.holder), None)
    # A wait for a CPU has its bar in this very row.
    return f"waits for {object_name(trace, waiting.object)}" if waiting and waiting.object >= 0 else ""


def wait_texts(bar: Bar) -> list[str]:
    """What stands on the bar of a wait, the longest that fits."""
    if bar.object < 0:
        return ["has no CPU", "no CPU", "C"]
    verb = "spins" if bar.role == "spinning" else "sleeps"
    return [f"{verb}: task {bar.holder} has it", f"{verb}: {bar.holder}", f"{bar.holder}"]


def _height(lane: Lane) -> float:
    return LANE + ROW * (len(lane.objects) + has_faults(lane)) + 0.03


def has_faults(lane: Lane) -> bool:
    """Whether a lane needs a row that names broken rules."""
    return any(mark.faults for mark in lane.marks)
