"""Schedule strings (design.md, contract 4)."""

from __future__ import annotations

import random

import pytest

import sevviz
from sevviz.errors import ScheduleError
from sevviz.model import OVERTAKE
from sevviz.schedule import format_schedule, parse_schedule


@pytest.mark.parametrize(
    ("written", "tasks", "actors"),
    [
        ("", 2, ()),
        ("  \n", 2, ()),
        ("1 1 2 2", 2, (1, 1, 2, 2)),
        ("1122", 2, (1, 1, 2, 2)),
        ("1 122", 2, (1, 1, 2, 2)),
        ("1,2, 1", 2, (1, 2, 1)),
        ("2!", 2, (-2,)),
        ("12!1!2", 2, (1, -2, -1, 2)),
        ("2~ 1", 2, (-OVERTAKE - 2, 1)),
        ("12 3", 12, (12, 3)),
        ("1 12! 3", 12, (1, -12, 3)),
        ("11", 9, (1, 1)),
        ("11", 11, (11,)),
    ],
)
def test_a_string_is_read_as_actors(written: str, tasks: int, actors: tuple[int, ...]) -> None:
    assert parse_schedule(written, tasks) == actors


def test_what_is_written_is_read_back() -> None:
    chance = random.Random(4)  # noqa: S311 - not for secrets
    for tasks in (1, 2, 9, 10, 64):
        kinds = [lambda task: task, lambda task: -task, lambda task: -OVERTAKE - task]
        actors = tuple(chance.choice(kinds)(chance.randint(1, tasks)) for _ in range(50))
        assert parse_schedule(format_schedule(actors), tasks) == actors


def test_every_schedule_of_a_verdict_is_read_back() -> None:
    found = sevviz.check("sev_lock_two_vms", "signal")
    for outcome in found.outcomes:
        assert parse_schedule(format_schedule(outcome.schedule), len(found.program.tasks)) == outcome.schedule


@pytest.mark.parametrize(
    ("written", "tasks", "message"),
    [
        ("1 0", 2, "schedule, step 2: there is no task 0; tasks are 1 to 2"),
        ("113", 2, "schedule, step 3: there is no task 3; tasks are 1 to 2"),
        ("1 13", 12, "schedule, step 2: there is no task 13; tasks are 1 to 12"),
        ("1 a", 2, "schedule, step 2: 'a' is not a task; write task numbers 1 to 2, 2! is a fatal signal to task 2"),
        ("-1", 3, "schedule, step 1: '-' is not a task; write task numbers 1 to 3, 3! is a fatal signal to task 3"),
        ("!", 2, "schedule, step 1: '!' is not a task; write task numbers 1 to 2, 2! is a fatal signal to task 2"),
        ("1 !", 2, "schedule, step 2: '!' is not a task; write task numbers 1 to 2, 2! is a fatal signal to task 2"),
        ("1!!", 2, "schedule, step 2: '!' is not a task; write task numbers 1 to 2, 2! is a fatal signal to task 2"),
        (
            "\u0663",
            3,
            "schedule, step 1: '\u0663' is not a task; write task numbers 1 to 3, 3! is a fatal signal to task 3",
        ),
        (
            "\u00b2",
            2,
            "schedule, step 1: '\u00b2' is not a task; write task numbers 1 to 2, 2! is a fatal signal to task 2",
        ),
        ("1->2", 2, "schedule, step 2: '-' is not a task; write task numbers 1 to 2, 2! is a fatal signal to task 2"),
    ],
)
def test_what_is_no_schedule_is_refused_at_its_step(written: str, tasks: int, message: str) -> None:
    with pytest.raises(ScheduleError) as caught:
        parse_schedule(written, tasks)
    assert str(caught.value) == message
