"""The payload of the player against the engine: every state, every step, every word of it."""

from __future__ import annotations

import gzip
import json
from functools import cache
from html import unescape
from typing import TYPE_CHECKING, Any

import pytest

import sevviz
from sevviz.interpreter import cpu_keepers, in_atomic_context, moves, wait_of
from sevviz.payload import pack
from sevviz.schedule import format_schedule
from sevviz.views.regions import loop_states
from sevviz.views.text import timeline_sentences, wait_for_text

if TYPE_CHECKING:
    from sevviz.verdict import Verdict

CASES = [
    ("naive", "double"), ("naive", "self"), ("naive", "bystander"), ("naive", "signal"), ("v4", "double"),
    ("v4", "ioctl"), ("v4", "retry"), ("v4", "weak"), ("v4", "cpus"), ("flag_then_mutex", "ring3"),
    ("sev_lock_two_vms", "signal"), ("trylock_once", "ioctl"), ("migration_lock_both", "cpus"),
    ("global_mutex", "self"),
]  # fmt: skip


@cache
def packed(scheme: str, scenario: str) -> tuple[Verdict, dict[str, Any]]:
    """A verdict and its payload, as the browser gets it."""
    verdict = sevviz.check(scheme, scenario)
    return verdict, json.loads(json.dumps(pack(verdict)))


def edges_of(payload: dict[str, Any], state: int) -> list[tuple[int, int, str, list[dict[str, Any]]]]:
    """The steps from a state: actor, target, sentence, faults."""
    edges = payload["edges"]
    found = range(edges["start"][state], edges["start"][state + 1])
    return [
        (
            edges["actor"][e], edges["target"][e], payload["strings"][edges["sentence"][e]],
            [payload["faults"][f] for f in payload["fault_sets"][edges["faults"][e]]],
        )
        for e in found
    ]  # fmt: skip


def test_the_states_of_a_livelock_are_named() -> None:
    verdict, payload = packed("v4", "retry")
    assert payload["livelock"] == sorted(loop_states(verdict)) != []
    assert pack(verdict, states=payload["livelock"][0] + 1)["livelock"] == payload["livelock"][:1]
    assert packed("naive", "double")[1]["livelock"] == []


@pytest.mark.parametrize(("scheme", "scenario"), CASES)
def test_every_state_says_what_the_engine_says(scheme: str, scenario: str) -> None:
    verdict, payload = packed(scheme, scenario)
    program, columns = verdict.program, payload["states"]
    tasks, objects = len(program.tasks), len(program.objects)
    for number, state in enumerate(verdict.graph.states):
        assert tuple(columns["positions"][number * tasks : (number + 1) * tasks]) == state.positions
        assert tuple(columns["values"][number * objects : (number + 1) * objects]) == state.values
        assert columns["class"][number] == verdict.survey.classes[number]
        for task in range(1, tasks + 1):
            condition = payload["conditions"][columns["conditions"][number * tasks + task - 1]]
            wait = wait_of(program, state, task)
            assert condition["atomic"] == in_atomic_context(program, state, task)
            assert condition["holder"] == (wait.holder if wait else 0)
            assert (condition["kind"] in ("sleeping", "spinning", "no-cpu")) == (wait is not None)
            assert condition["keeps_cpu"] == (task in cpu_keepers(program, state))
            assert condition["holds"] == [lock for lock in program.locks if state.values[lock] == task]


@pytest.mark.parametrize(("scheme", "scenario"), CASES)
def test_every_step_is_the_engines(scheme: str, scenario: str) -> None:
    verdict, payload = packed(scheme, scenario)
    numbers = {state: number for number, state in enumerate(verdict.graph.states)}
    for number, state in enumerate(verdict.graph.states):
        expected = [(m.actor, numbers[m.state], [f.kind for f in m.faults]) for m in moves(verdict.program, state)]
        found = edges_of(payload, number)
        assert [(actor, target, [f["kind"] for f in faults]) for actor, target, _, faults in found] == expected
        for actor, _, sentence, faults in found:
            assert sentence.endswith(".")
            assert f"ask {abs(actor) % 1000} (" in sentence
            assert all(payload["strings"][fault["sentence"]].endswith(".") for fault in faults)


@pytest.mark.parametrize(("scheme", "scenario"), CASES)
def test_chips_lead_where_they_say(scheme: str, scenario: str) -> None:
    verdict, payload = packed(scheme, scenario)
    for chip in payload["chips"]:
        state, broken = 0, []
        for actor in chip["schedule"]:
            state, faults = next((target, f) for a, target, _, f in edges_of(payload, state) if a == actor)
            broken += [fault["kind"] for fault in faults]
        if chip["kind"] == "deadlock":
            assert payload["states"]["deadlock"][state] >= 0
        elif chip["kind"] == "returned":
            assert payload["states"]["class"][state] == "finished"
        elif chip["kind"] == "fault":
            assert broken
        else:
            assert chip["loop"] * 2 <= len(chip["schedule"])
    assert verdict.status == ("failed" if any(c["tone"] == "bad" for c in payload["chips"]) else "clean")


def test_the_pair_question_stays_small() -> None:
    _, payload = packed("flag_then_mutex", "double")
    assert len(gzip.compress(json.dumps(payload, separators=(",", ":")).encode())) < 40_000


def test_the_same_verdict_gives_the_same_bytes() -> None:
    assert json.dumps(pack(sevviz.check("v4"))) == json.dumps(pack(sevviz.check("v4")))


def test_a_cut_keeps_the_first_steps_and_says_so() -> None:
    payload = pack(sevviz.check("v4"), states=40)
    assert payload["cut"] == {"kept": 40, "of": 208, "depth": 8}
    assert len(payload["states"]["class"]) == 40
    assert max(payload["edges"]["target"]) < 40
    assert payload["states"]["open"], "the states whose steps are missing are named"


def test_every_schedule_within_the_depth_of_a_cut_can_be_walked() -> None:
    payload = pack(sevviz.check("v4"), states=40)
    level, missing = {0}, set(payload["states"]["open"])
    for _ in range(payload["cut"]["depth"]):
        assert not level & missing
        level = {target for state in level for _, target, _, _ in edges_of(payload, state)}


def test_a_search_that_stopped_claims_nothing_safe_without_a_way_to_the_end() -> None:
    payload = pack(sevviz.check("v4", limit=30))
    assert payload["complete"] is False
    assert set(payload["states"]["class"]) == {"unknown"}
    assert payload["verdict"]["line"] == "Sleep in atomic context is possible, in the first 30 states alone."


def test_the_picture_has_an_id_for_every_hold_and_wait() -> None:
    _, payload = packed("naive", "double")
    for part in ("t1", "t2", "o0", "o1", "h-0-1", "h-1-2", "w-1-0", "w-2-1"):
        assert f'id="{part}"' in unescape(payload["picture"])


@pytest.mark.parametrize(("scheme", "scenario"), CASES)
def test_every_part_of_a_ring_is_in_the_picture(scheme: str, scenario: str) -> None:
    _, payload = packed(scheme, scenario)
    for deadlock in payload["deadlocks"]:
        assert [part for part in deadlock["parts"] if f'id="{part}"' not in unescape(payload["picture"])] == []
        assert {f"t{task}" for task in deadlock["tasks"]} == {part for part in deadlock["parts"] if part[0] == "t"}


def test_a_ring_through_the_cpus_has_every_task_that_keeps_one() -> None:
    _, payload = packed("v4", "cpus")
    ring = next(deadlock for deadlock in payload["deadlocks"] if deadlock["words"].startswith("1→A.lock→4→CPU→2"))
    assert sorted(ring["tasks"]) == [1, 2, 3, 4]
    assert {"cpu", "w-4-cpu", "h-cpu-2", "h-cpu-3", "w-3-0"} <= set(ring["parts"])


def test_the_chips_of_the_flag() -> None:
    _, payload = packed("flag_then_mutex", "double")
    assert [(chip["label"], chip["count"], chip["tone"]) for chip in payload["chips"]] == [
        ("both -EBUSY", "180 of 262 schedules", "fair"),
        ("task 1 wins, task 2 -EBUSY", "35 of 262 schedules", "fair"),
        ("task 2 wins, task 1 -EBUSY", "35 of 262 schedules", "fair"),
        ("0/0", "12 of 262 schedules", "good"),
    ]
    assert payload["verdict"]["line"] == "No deadlock, livelock or fault: all 101 states, all 262 schedules."
    assert format_schedule(payload["chips"][0]["schedule"]) == "1 1 2 1 1 2 2 1 2 2"


def test_two_rings_in_one_state_are_both_told() -> None:
    """While bystanders run, a second ring may close beside the first."""
    calls = ["migrate(B, A)", "migrate(A, B)", "migrate(D, C)", "migrate(C, D)"]
    verdict = sevviz.check("naive", tasks=calls)
    payload = pack(verdict)
    both = next(found for found in payload["deadlocks"] if found["tasks"] == [1, 2, 3, 4])
    assert payload["strings"][both["sentence"]] == (
        "Deadlock: task 1 (A→B) waits for A.lock, held by task 2 (B→A), which waits for B.lock, held by task 1. "
        "Nothing can end this. "
        "Deadlock: task 3 (C→D) waits for C.lock, held by task 4 (D→C), which waits for D.lock, held by task 3. "
        "Nothing can end this."
    )
    assert len(both["parts"]) == 16
    one = next(found for found in payload["deadlocks"] if found["tasks"] == [3, 4])
    assert set(one["parts"]) < set(both["parts"])
    steps = timeline_sentences(sevviz.run(verdict.program, (1, 2, 3, 4)), 4)
    assert [told[:24] for told in steps[1:]] == ["Deadlock: task 3 (C→D) w"]
    assert wait_for_text(verdict.program, sevviz.run(verdict.program, (1, 2, 3, 4)).states[-1]).count("Deadlock") == 2
