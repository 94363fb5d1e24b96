"""Stills: what each task is doing after each step of a schedule, in letters that do not need colour."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import pytest

from sevviz import check, parse_schedule, program
from sevviz.traces import run
from sevviz.views.stills import ACROSS, lanes_svg, legend_html, letter_of, looks_of


def letters(scheme: str, schedule: str, scenario: str = "double") -> list[str]:
    """The letters of each task's row."""
    traced = program(scheme, scenario)
    rows = looks_of(run(traced, parse_schedule(schedule, len(traced.tasks))))
    return ["".join(map(letter_of, looks)) for looks in rows]


@pytest.mark.parametrize(
    ("scheme", "schedule", "rows"),
    [
        ("naive", "", ["·", "·"]),
        ("naive", "1 2", ["·HZ", "··Z"]),
        ("naive", "1 1 1 1 1 1", ["·HHHHHR", "··ZZZ··"]),
        ("v4", "1 1 1 1", ["·AAA!", "·····"]),
        ("migration_lock_both", "1", ["·A", "··"]),
    ],
)
def test_each_step_has_a_letter_for_each_task(scheme: str, schedule: str, rows: list[str]) -> None:
    assert letters(scheme, schedule) == rows


def test_a_task_without_a_cpu_is_told_from_one_that_spins() -> None:
    found = {letter for outcome in check("v4", "cpus").outcomes for row in _rows(outcome.schedule) for letter in row}
    assert {"S", "C"} <= found


def _rows(schedule: tuple[int, ...]) -> list[str]:
    rows = looks_of(run(program("v4", "cpus"), schedule))
    return ["".join(map(letter_of, looks)) for looks in rows]


def test_a_still_is_well_formed_and_rings_the_deadlock() -> None:
    verdict = check("naive")
    outcome = verdict.deadlocks[0]
    drawn = lanes_svg(run(verdict.program, outcome.schedule), outcome.deadlock)
    cells = [cell.get("stroke-width") for cell in ET.fromstring(drawn) if cell.tag == "rect"]  # noqa: S314 - our own
    assert cells == ["0.5", "0.5", "2", "0.5", "0.5", "2"]
    assert "style=" not in drawn


def test_a_long_schedule_is_broken_into_lines_that_fit_a_phone() -> None:
    verdict = check("v4")
    longest = max((outcome.schedule for outcome in verdict.outcomes), key=len)
    assert len(longest) > ACROSS
    width = re.search(r'viewBox="0 0 (\d+) ', lanes_svg(run(verdict.program, longest)))
    assert width is not None
    assert int(width[1]) < 400


def test_the_legend_names_what_is_there() -> None:
    rows = looks_of(run(program("naive", "double"), (1, 2)))
    assert legend_html([rows]) == (
        "<p>In the pictures a bar marks who took the step; · runs, H holds a lock, Z sleeps.</p>"
    )


@pytest.mark.parametrize(
    "tasks", [("vcpu_run(A)", "migrate(B, A)"), ("migrate(B, A); migrate(A, B); vcpu_run(A)", "ioctl(C)")]
)
def test_the_cells_begin_behind_the_longest_name_and_the_still_fits_a_phone_all_the_same(
    tasks: tuple[str, ...],
) -> None:
    traced = program("naive", "double", tasks=tasks)
    root = ET.fromstring(lanes_svg(run(traced, (1, 1, *[2] * 2))))  # noqa: S314 - our own
    names = [text.text or "" for text in root if text.get("text-anchor") == "start"]
    first = min(float(cell.get("x", "0")) for cell in root if cell.tag == "rect")
    assert all(6.5 * len(name) <= first for name in names)
    assert names[0] in ("1 vcpu_run(A)", "1 A→B; B→A; vcpu_run(…")
    assert float(root.get("width", "0")) <= 386
