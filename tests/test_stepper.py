"""The stepper as Python sees it; what it looks like is tested in a browser."""

from __future__ import annotations

import pytest

import sevviz
from sevviz import Stepper


def test_it_starts_at_the_end_of_a_given_schedule() -> None:
    stepper = Stepper("v4", "double", schedule="112")
    assert (stepper.schedule, stepper.step) == ("1 1 2", 3)
    assert stepper.trace.schedule == (1, 1, 2)


def test_show_goes_to_a_step_of_a_schedule() -> None:
    stepper = Stepper("naive")
    stepper.show("1 2", 1)
    assert (stepper.schedule, stepper.step) == ("1 2", 1)
    stepper.show("1 1 1")
    assert stepper.step == 3


def test_the_step_stays_inside_the_schedule() -> None:
    stepper = Stepper("naive", schedule="1 1 1")
    stepper.step = 99
    assert stepper.step == 3
    stepper.schedule = "1"
    assert stepper.step == 1


def test_tasks_and_signals_take_the_place_of_a_scenarios() -> None:
    stepper = Stepper("naive", tasks=["migrate(B, A)", "ioctl(A)"], signals=True)
    assert [task["arrow"] for task in stepper.payload["tasks"]] == ["A→B", "ioctl(A)"]
    assert stepper.payload["signals"] is True


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Stepper("v5"), "no scheme 'v5'"),
        (lambda: Stepper("v4", "duble"), "no scenario 'duble'"),
        (lambda: Stepper("naive", schedule="1 2 1"), "waits for A.lock, held by task 2 since step 2"),
        (lambda: Stepper("naive", schedule="3"), "there is no task 3"),
        (lambda: Stepper("naive").show("x"), "'x' is not a task"),
        (lambda: Stepper("naive").set_trait("schedule", "1 2 2"), "waits for B.lock"),
    ],
)
def test_bad_input_is_one_clear_error(make: object, message: str) -> None:
    assert callable(make)
    with pytest.raises(sevviz.SevvizError, match=message):
        make()


def test_a_page_without_widgets_still_tells_the_schedule() -> None:
    bundle = Stepper("naive", schedule="1 2")._repr_mimebundle_()
    assert bundle is not None
    data = bundle[0]
    assert "application/vnd.jupyter.widget-view+json" in data
    assert data["text/plain"].splitlines()[1:] == [
        "Deadlock in 2 of 6 schedules.",
        "1. Task 1 (A→B) calls mutex_lock(B.lock) and holds it now.",
        "2. Task 2 (B→A) calls mutex_lock(A.lock) and holds it now.",
    ]
    assert 'alt="Timeline of the schedule 1 2.' in data["text/html"]
    assert "<script" not in data["text/html"]


@pytest.mark.parametrize("scenario", sevviz.scenario_names())
@pytest.mark.parametrize("scheme", sevviz.scheme_names())
def test_every_shipped_scheme_can_be_stepped_in_every_scenario(scheme: str, scenario: str) -> None:
    stepper = Stepper(scheme, scenario, figures=False)
    assert stepper.payload["cut"] is None
    assert stepper.payload["complete"] is True
