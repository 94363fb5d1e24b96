"""All progress graphs that a page needs: every schedule finds the one of its ways."""

from __future__ import annotations

import random
from itertools import groupby
from typing import TYPE_CHECKING, Any

import pytest

import sevviz
from sevviz.progress import Plane
from sevviz.schedule import format_schedule
from sevviz.views.progress import progress_payload
from sevviz.views.progress_planes import MOST_PLANES, planes_payload

if TYPE_CHECKING:
    from sevviz.verdict import Verdict


def made(scheme: str, scenario: str = "double") -> tuple[Verdict, Plane, dict[str, Any]]:
    verdict = sevviz.check(scheme, scenario)
    plane = Plane(verdict.graph, verdict.survey)
    return verdict, plane, planes_payload(plane, plane.along())


def some_schedules(verdict: Verdict, count: int = 60) -> list[tuple[int, ...]]:
    """Random schedules, and every shortest one."""
    dice = random.Random(4)  # noqa: S311 - schedules, not secrets
    found = [outcome.schedule for outcome in verdict.outcomes]
    for _ in range(count):
        state, schedule = 0, list[int]()
        while verdict.graph.edges[state] and len(schedule) < 40:
            actor, state = dice.choice(verdict.graph.edges[state])
            schedule.append(actor)
        found.append(tuple(schedule[: dice.randrange(len(schedule) + 1)]))
    return found


def way(verdict: Verdict, schedule: tuple[int, ...], task: int) -> list[int]:
    """The positions that a task has passed."""
    states = sevviz.run(verdict.program, schedule).states
    return [position for position, _ in groupby(state.positions[task - 1] for state in states)]


@pytest.mark.parametrize("scheme", sevviz.scheme_names())
def test_every_schedule_of_two_vms_has_its_graph_in_the_page(scheme: str) -> None:
    verdict, plane, payload = made(scheme)
    if payload["more"]:
        assert len(payload["planes"]) == MOST_PLANES
        return
    for schedule in some_schedules(verdict):
        ways = [way(verdict, schedule, task) for task in (1, 2)]
        fitting = [
            one
            for one in payload["planes"]
            if all(axis["positions"][: len(ways[n])] == ways[n] for n, axis in enumerate(one["axes"]))
        ]
        wanted = progress_payload(plane.along(schedule))["cells"]
        assert any(one["cells"] == wanted for one in fitting), format_schedule(schedule)


def test_only_what_can_go_round_and_round_needs_more_graphs_than_a_page_holds() -> None:
    assert [scheme for scheme in sevviz.scheme_names() if made(scheme)[2]["more"]] == ["trylock_backoff"]
    assert len(made("naive")[2]["planes"]) == 1
    assert len(made("flag_then_mutex")[2]["planes"]) == 6


def test_the_graph_that_is_shown_first_is_that_of_the_schedule() -> None:
    _, plane, _ = made("flag_then_mutex")
    shown = plane.along((1, 2, 1, 2, 1, 2))
    payload = planes_payload(plane, shown)
    assert payload["schedule"] == "1 2 1 2 1 2"
    assert payload["cells"] == progress_payload(shown)["cells"]
    assert [axis["fork"] for axis in payload["axes"]] == [3, 3]
