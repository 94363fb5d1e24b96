"""The JSON of a verdict (design.md, contract 3), checked key by key for every scheme in every scenario."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from typing import Any

from pairs import pairs, shipped_verdict
from toys import verdict

import sevviz

KEYS = [
    "format", "scheme", "tasks", "complete", "engine", "states", "transitions", "interleavings", "outcomes", "faults",
    "livelock", "starvation",
]  # fmt: skip
FAULT_KINDS = {
    "sleep-in-atomic", "unlock-not-held", "held-at-return", "flag-left-set", "exclusion", "self-deadlock",
}  # fmt: skip


class Checker:
    """Holds one JSON object against the contract; every method asserts."""

    def __init__(self, found: dict[str, Any]) -> None:
        self.found = found
        self.tasks = range(1, len(found["tasks"]) + 1)

    def whole(self) -> None:
        """The object itself."""
        found = self.found
        assert list(found) == KEYS
        assert (found["format"], found["engine"], type(found["complete"])) == (1, "explicit", bool)
        assert all(re.fullmatch(r"\w+\([A-Z]\w*(, [A-Z]\w*)*\)(; \w+\(.*\))*", task) for task in found["tasks"])
        assert type(found["states"]) is int
        assert found["states"] >= 1
        assert type(found["transitions"]) is int
        self.count(found["interleavings"])
        for outcome in found["outcomes"]:
            self.outcome(outcome)
        for fault in found["faults"]:
            self.fault(fault)
        self.lasso(found["livelock"], ["stem", "loop"])
        self.lasso(found["starvation"], ["stem", "loop", "tasks"])

    def count(self, number: object) -> None:
        """Counts are strings, and null in all places or in none."""
        assert (number is None) == (self.found["interleavings"] is None)
        assert number is None or (isinstance(number, str) and re.fullmatch(r"0|[1-9]\d*", number))

    def schedule(self, written: object) -> None:
        """A schedule string in its normal form."""
        assert isinstance(written, str)
        assert all(int(token.rstrip("!~")) in self.tasks for token in written.split())
        assert written == " ".join(written.split())

    def outcome(self, outcome: dict[str, Any]) -> None:
        """One way in which schedules end."""
        assert list(outcome)[:4] == ["kind", "returns", "interleavings", "schedule"]
        assert len(outcome["returns"]) == len(self.tasks)
        assert all(value is None or re.fullmatch(r"-E[A-Z0-9]+|\d+", value) for value in outcome["returns"])
        self.count(outcome["interleavings"])
        self.schedule(outcome["schedule"])
        assert outcome["kind"] in ("returned", "deadlock", "fault")
        assert (None in outcome["returns"]) == (outcome["kind"] != "returned")
        assert (outcome.get("fault") in FAULT_KINDS) == (outcome["kind"] == "fault")
        assert ("cycle" in outcome) == ("killable" in outcome) == (outcome["kind"] == "deadlock")
        for wait in [*outcome.get("cycle", []), *outcome.get("waits", [])]:
            self.wait(wait, len(outcome["schedule"].split()))

    def wait(self, wait: dict[str, Any], steps: int) -> None:
        """Who waits for what, held by whom, since which step."""
        assert list(wait) == ["task", "waits_for", "held_by", "since"]
        assert wait["task"] in self.tasks
        assert wait["held_by"] in self.tasks
        assert wait["since"] is None if wait["waits_for"] == "cpu" else wait["since"] in range(1, steps + 1)

    def fault(self, fault: dict[str, Any]) -> None:
        """A broken rule."""
        assert list(fault) == ["kind", "task", "line", "object", "holding", "schedule", "interleavings"]
        assert fault["kind"] in FAULT_KINDS
        assert fault["task"] in self.tasks
        assert type(fault["line"]) is int
        assert fault["object"] is None or isinstance(fault["object"], str)
        assert all(isinstance(lock, str) for lock in fault["holding"])
        self.schedule(fault["schedule"])
        self.count(fault["interleavings"])

    def lasso(self, lasso: dict[str, Any] | None, keys: list[str]) -> None:
        """An endless run."""
        if lasso is not None:
            assert list(lasso) == keys
            self.schedule(lasso["stem"])
            self.schedule(lasso["loop"])
            assert lasso["loop"]
            assert all(task in self.tasks for task in lasso.get("tasks", []))
            assert self.found["interleavings"] is None


@pairs(sevviz.scenario_names())
def test_every_scheme_in_every_scenario_meets_the_contract(scheme: str, scenario: str) -> None:
    found = shipped_verdict(scheme, scenario).to_json()
    assert json.loads(json.dumps(found)) == found
    assert (found["scheme"], found["complete"]) == (scheme, True)
    Checker(found).whole()
    if found["interleavings"] is not None:
        whole = sum(int(outcome["interleavings"]) for outcome in found["outcomes"])
        # A deadlock that a fatal signal may still end is counted, and so is where its schedules go on to.
        signals = sevviz.scenario(scenario).settings.signals
        assert whole >= int(found["interleavings"]) if signals else whole == int(found["interleavings"])


def test_errors_are_printed_by_name_success_as_0_and_other_numbers_as_they_are() -> None:
    for statement, shown in (("-EBUSY", "-EBUSY"), ("-11", "-EAGAIN"), ("0", "0"), ("7", "7"), ("-5000", "-5000")):
        assert verdict(f"return {statement};", "migrate(B, A)").to_json()["outcomes"][0]["returns"] == [shown]


def test_the_deadlock_of_the_naive_scheme_in_full() -> None:
    assert sevviz.check("naive").to_json()["outcomes"][0] == {
        "kind": "deadlock",
        "returns": [None, None],
        "interleavings": "2",
        "schedule": "1 2",
        "cycle": [
            {"task": 1, "waits_for": "A.lock", "held_by": 2, "since": 2},
            {"task": 2, "waits_for": "B.lock", "held_by": 1, "since": 1},
        ],
        "killable": False,
    }


def test_a_sleep_in_atomic_context_in_full() -> None:
    source = sevviz.load("v4").text.text.split("\n")
    fault = sevviz.check("v4").to_json()["faults"][0]
    assert "mutex_lock(&kvm->lock)" in source[fault["line"] - 1]
    assert fault == {
        "kind": "sleep-in-atomic",
        "task": 1,
        "line": fault["line"],
        "object": "B.lock",
        "holding": ["B.migration_lock"],
        "schedule": "1 1 1 1",
        "interleavings": sevviz.check("v4").to_json()["interleavings"],
    }


def test_a_flag_left_set_names_who_wrote_it_last_and_where() -> None:
    found = verdict("WRITE_ONCE(dst->f, 1);\nreturn 0;", "migrate(B, A)").to_json()["faults"][0]
    assert (found["kind"], found["task"], found["line"], found["object"]) == ("flag-left-set", 1, 8, "B.f")


PRINT_ALL = """
import json, sevviz
for scheme in sevviz.scheme_names():
    for scenario in ("double", "ring3", "signal", "retry"):
        print(json.dumps(sevviz.check(scheme, scenario).to_json()))
"""


def test_the_same_scheme_gives_the_same_bytes_whatever_the_hash_seed() -> None:
    outputs = [
        subprocess.run(
            [sys.executable, "-c", PRINT_ALL],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("0", "4711")
    ]
    assert outputs[0]
    assert outputs[0] == outputs[1]
