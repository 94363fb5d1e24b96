"""What the stepper knows of real kernels: the recorded runs of the very text and scenario that it shows."""

from __future__ import annotations

import re
from html import unescape

import pytest

import sevviz
from sevviz.catalogue import make_scenario, program, scenario, scenario_names, scheme_names
from sevviz.errors import ScenarioError
from sevviz.kernel.evidence import evidence, head_of
from sevviz.kernel.recording import load_recording
from sevviz.verdict import verdict_of
from sevviz.views.story import story_html


def test_all_runs_of_a_scenario_are_there_with_each_text_once() -> None:
    found = evidence(program("naive", "double"))
    assert found is not None
    recording = load_recording("naive")
    assert recording is not None
    release = recording.kernel
    assert release.startswith("6.12.")
    assert [run["head"] for run in found["runs"] if run["schedule"] == "1 2"] == [
        f"A Linux {release} kernel ({kernel}), run at {{where}}, printed:"
        for kernel in (
            "with lock checks",
            "without lock checks, as distributions build it",
            "with lock checks, on several CPUs",
            "with PREEMPT_RT, which sevviz does not model",
        )
    ]
    first = found["runs"][0]
    assert first["outcome"] == [
        "task 1 sleeps (D), waiting for A.lock, which task 2 holds",
        "task 2 sleeps (D), waiting for B.lock, which task 1 holds",
    ]
    assert [found["words"][number].split("\n")[0] for number in first["words"]] == [
        "WARNING: possible recursive locking detected",
        "INFO: task task1:23 blocked for more than 10 seconds.",
        "INFO: task task2:24 blocked for more than 10 seconds.",
    ]
    assert len(set(found["words"])) == len(found["words"])


def test_nothing_that_was_recorded_is_left_out() -> None:
    for scheme in scheme_names():
        recording = load_recording(scheme)
        assert recording is not None
        for name in scenario_names():
            runs = [run for run in recording.runs if run.scenario == name]
            kept = [(run.schedule, head_of(recording.kernel, run)) for run in runs]
            found = evidence(program(scheme, name))
            shown = [(run["schedule"], run["head"]) for run in found["runs"]] if found else []
            assert sorted(shown) == sorted(kept), (scheme, name)


def test_another_text_or_other_calls_have_no_recording() -> None:
    naive = sevviz.load("naive").text.text
    assert evidence(program(sevviz.load_text(naive, "naive"), "double")) is not None
    assert evidence(program(sevviz.load_text(naive.replace("return 0", "return 1"), "naive"), "double")) is None
    assert evidence(program("naive", tasks=("migrate(B, A)", "migrate(A, B)"))) is None
    assert evidence(program("naive", "weak")) is None
    assert sevviz.Stepper("naive", tasks=["migrate(B, A)"]).payload["kernel"] is None
    # Signals add choices to a scenario; what was run without any stays what it was.
    assert evidence(program("naive_killable", "double", signals=True)) == evidence(program("naive_killable", "double"))


def test_a_scenario_of_ones_own_cannot_pass_for_one_of_sevviz() -> None:
    assert evidence(program("naive", scenario("double"))) is not None
    with pytest.raises(ScenarioError) as error:
        program("naive", make_scenario("double", {"tasks": ["migrate(B, A)", "migrate(C, A)"]}))
    assert str(error.value) == (
        "scenario 'double' is one of sevviz's own, with other tasks or settings: choose another name"
    )


def test_without_a_script_the_words_stand_below_the_outcome() -> None:
    verdict = verdict_of(program("naive", "double"))
    html = story_html(verdict, evidence(verdict.program))
    words = unescape(re.sub(r"<(?!pre|/pre)[^>]+>", "", html))
    assert "kernel (with lock checks), run at this interleaving, printed:<pre>WARNING: possible recursive" in words
    assert "run at this interleaving" not in story_html(verdict)
    silent = verdict_of(program("naive_killable", "double"))
    assert "run at this interleaving, printed nothing at all." in story_html(silent, evidence(silent.program))
