"""What a kernel with PREEMPT_RT did, where the model has no rules: recorded, and each difference has its reason."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from sevviz.kernel.case import make_case
from sevviz.kernel.compare import predict
from sevviz.kernel.configuration import CONFIGURATIONS, KernelError
from sevviz.kernel.realtime import REASONS, RUNS, departures, reasons
from sevviz.kernel.recording import RecordedRun, load_recording
from sevviz.schedule import parse_schedule


def realtime_runs() -> list[tuple[str, RecordedRun, list[str]]]:
    """Each run on PREEMPT_RT, with its scheme, and in what it is not as the model says."""
    found = []
    for scheme in RUNS:
        recording = load_recording(scheme)
        assert recording is not None
        for run in (run for run in recording.runs if run.configuration == "rt"):
            program = make_case(scheme, run.scenario).program
            predicted = predict(program, parse_schedule(run.turns, len(program.tasks)), CONFIGURATIONS["rt"])
            found.append((scheme, run, departures(predicted, run)))
    return found


def test_the_chosen_runs_on_preempt_rt_are_recorded() -> None:
    """If this fails: run `sevviz kernel record --configuration rt` with the schemes of RUNS."""
    chosen = sorted((scheme, one.scenario, one.schedule) for scheme, runs in RUNS.items() for one in runs)
    assert sorted((scheme, run.scenario, run.schedule) for scheme, run, _ in realtime_runs()) == chosen


def test_every_departure_of_preempt_rt_has_a_reason_and_every_reason_a_departure() -> None:
    assert {departure for _, _, found in realtime_runs() for departure in found} == set(REASONS)


def test_without_contention_preempt_rt_does_what_the_model_says() -> None:
    """The flag scheme, two moves in turn, and V4 up to its first complaint: nothing there depends on who waits how."""
    agreeing = {(scheme, run.schedule) for scheme, run, found in realtime_runs() if not found}
    assert agreeing >= {("naive", "1 1 1 1 1 1 2 2 2 2 2 2"), ("v4", "1 1 1 1")}
    assert len([scheme for scheme, _ in agreeing if scheme == "flag_then_mutex"]) == 2


def test_preempt_rt_reports_the_deadlock_that_lockdep_was_told_to_overlook() -> None:
    """Nested and killable: a kernel without PREEMPT_RT prints nothing at all. Who closes the cycle never comes back."""
    recording = load_recording("naive_killable")
    assert recording is not None
    met, killed = (recording.find(*at, "rt") for at in (("double", "1 2"), ("signal", "1 2 1! 1 1 2 2!")))
    assert met is not None
    assert killed is not None
    assert met.reports == [["rtmutex-deadlock", 2]]
    assert recording.said(met)[0] == "rtmutex deadlock detected"
    assert killed.returns == [-4, None, None]
    assert killed.waits == [[2, "B.lock", 0, "S"]]  # the mutex is free and SIGKILL is sent: it waits on


def test_v4_is_wrong_on_preempt_rt_too_but_does_not_lock_up() -> None:
    recording = load_recording("v4")
    assert recording is not None
    run = recording.find("cpus", "4 1 1 1", "rt")
    assert run is not None
    assert run.returns == [0, 0, 0, 0]
    assert {str(kind) for kind, _ in run.reports} == {
        "sleeping-function", "invalid-wait-context", "switch-in-rcu-section"
    }  # fmt: skip
    assert "RCU nest depth: 1, expected: 0" in recording.said(run)


def test_a_difference_without_a_reason_is_not_recorded() -> None:
    recording = load_recording("naive")
    assert recording is not None
    run = recording.find("double", "1 1 1 1 1 1 2 2 2 2 2 2", "rt")
    assert run is not None
    predicted = predict(make_case("naive", "double").program, parse_schedule(run.turns, 2), CONFIGURATIONS["rt"])
    assert reasons(predicted, run) == []
    differing: list[dict[str, Any]] = [{"returns": [0, -16]}, {"reports": [["panic", 0]]}, {"reports": []}]
    for changed in differing:
        with pytest.raises(KernelError, match="no reason is known for"):
            reasons(predicted, dataclasses.replace(run, **changed))
