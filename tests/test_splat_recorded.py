"""The generated reports, line by line, against what real kernels printed."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

import pytest

import sevviz
from sevviz.kernel.case import make_case
from sevviz.kernel.record import excerpt
from sevviz.kernel.recording import RecordedRun, load_recording
from sevviz.schedule import parse_schedule
from sevviz.splats import Machine, splat_of

if TYPE_CHECKING:
    from sevviz.model import Program

# The kernels of the recordings, as their configurations set them up (sevviz/kernel/image, sevviz/kernel/boot.py).
MACHINES = {
    "debug": Machine(frozen=True, one_cpu=True, hung_seconds=10),
    "plain": Machine(frozen=True, one_cpu=True, hung_seconds=10, checks=False),
    "smp": Machine(frozen=True, hung_seconds=2, stuck_seconds=5),
}
# On several CPUs it depends on who is how fast whether and when these are printed.
WHEN = re.compile(r"INFO: task|watchdog: |BUG: scheduling while atomic")


def normal(report: tuple[str, ...]) -> tuple[str, ...]:
    """A report without what no model can know: process numbers, CPUs, times, what a compiler makes of functions."""
    text = "\n".join(report)
    text = re.sub(r"\b(task\d+|khungtaskd)[/:]\d+", r"\1", text)
    text = re.sub(r"\b(pid|PID): \d+", r"\1: N", text)
    text = re.sub(r"(?<=\w)(\.(constprop|isra|part)\.\d+)?\+0x[0-9a-f]+/0x[0-9a-f]+", "", text)
    text = re.sub(r"CPU#\d+ stuck for \d+s", "CPU#N stuck", text)
    return tuple(text.split("\n"))


@cache
def case_program(scheme: str, scenario: str) -> Program:
    return make_case(scheme, scenario).program


def generated(scheme: str, run: RecordedRun) -> list[tuple[str, ...]]:
    """What sevviz says that this kernel prints, trimmed as recordings are."""
    program = case_program(scheme, run.scenario)
    shown = splat_of(program, parse_schedule(run.schedule, len(program.tasks)), MACHINES[run.configuration])
    return [normal(report) for report in excerpt(shown.log)]


def runs(*configurations: str) -> list[tuple[str, RecordedRun, list[tuple[str, ...]]]]:
    """The recorded runs of some configurations, with what was printed."""
    found = []
    for scheme in sevviz.scheme_names():
        recording = load_recording(scheme)
        assert recording is not None
        chosen = [run for run in recording.runs if run.configuration in configurations]
        found += [(scheme, run, [normal(recording.words[key]) for key in run.words]) for run in chosen]
    return found


@pytest.mark.parametrize("configuration", ["debug", "plain"])
def test_the_generated_log_is_the_recorded_one_line_by_line(configuration: str) -> None:
    seen = runs(configuration)
    for scheme, run, printed in seen:
        assert generated(scheme, run) == printed, f"{scheme} {run.scenario} {run.schedule}"
    assert len(seen) >= {"debug": 1280, "plain": 202}[configuration]


def test_on_several_cpus_every_recorded_report_is_a_generated_one() -> None:
    for scheme, run, printed in runs("smp"):
        where = f"{scheme} {run.scenario} {run.schedule}"
        said = generated(scheme, run)
        certain = [report for report in printed if not WHEN.match(report[0])]
        assert certain == [report for report in said if not WHEN.match(report[0])], where
        assert {_without_lockup(r) for r in printed} <= {_without_lockup(r) for r in said}, where


def _without_lockup(report: tuple[str, ...]) -> tuple[str, ...]:
    """A report without the trace of a soft lockup before it, which may have come later."""
    return tuple(line.replace("W    L    ", "W         ") for line in report)
