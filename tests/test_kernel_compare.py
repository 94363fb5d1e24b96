"""The model against a real Linux kernel: the same C, the same interleaving, every step and every report."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import sevviz
from sevviz import heldlocks, interpreter, lockdep
from sevviz.catalogue import make_scenario
from sevviz.heldlocks import LockClass
from sevviz.kernel import script
from sevviz.kernel.boot import boot
from sevviz.kernel.build import build
from sevviz.kernel.case import make_case
from sevviz.kernel.cli import main
from sevviz.kernel.compare import PLAN, Plan, compare, difference, predict
from sevviz.kernel.comparison import first_difference
from sevviz.kernel.configuration import CONFIGURATIONS
from sevviz.kernel.reports import Reports
from sevviz.kernel.together import parse_turns
from sevviz.kernel.turns import turns_of
from sevviz.schedule import parse_schedule

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sevviz.kernel.configuration import Kernel
    from sevviz.model import Operation, Program, State

# One worker builds the kernel and boots it; the group keeps the tests on it.
pytestmark = [pytest.mark.kernel, pytest.mark.slow, pytest.mark.xdist_group("kernel")]

CORNERS = Path(__file__).parent / "kernel"
DEBUG = CONFIGURATIONS["debug"]
OF_DOUBLE, OF_OTHERS = 12, 2  # schedules of each scheme; the kept tables have more


@cache
def kernel() -> Kernel:
    """The kernel of all tests here: shipped schemes and corner cases in one image."""
    paths = [*sevviz.scheme_names(), *map(str, sorted(CORNERS.glob("*.c")))]
    return build(DEBUG, [sevviz.load(path) for path in paths])


COUNTED: list[int] = []


@pytest.fixture(scope="module", autouse=True)
def enough() -> Iterator[None]:
    """When all schemes were run, that were more than a thousand schedules."""
    yield
    assert len(COUNTED) < len(sevviz.scheme_names()) * len(PLAN) or sum(COUNTED) >= 1000


@pytest.mark.parametrize("scheme", sevviz.scheme_names())
def test_kernel_and_model_agree_on_every_step_and_report(scheme: str) -> None:
    for scenario in PLAN:
        plan = Plan(OF_DOUBLE if scenario == "double" else OF_OTHERS)
        found = compare(kernel(), make_case(scheme, scenario), plan)
        assert found.agreed == found.run > 0, first_difference(found)
        COUNTED.append(found.run)


CORNER_SCENARIOS: dict[str, dict[str, Any]] = {
    "double": {"tasks": ["migrate(B, A)", "migrate(A, B)"]},
    "killed": {"tasks": ["migrate(A, A)"], "signals": True},
    "three, killed": {"tasks": ["migrate(B, A)", "migrate(A, B)", "migrate(B, C)"], "signals": True},
    "ioctls, killed": {"tasks": ["migrate(B, A)", "ioctl(A)", "ioctl(B)"], "signals": True},
    "one after the other": {"tasks": ["migrate(A, B); migrate(B, A)", "migrate(A, B)"]},
}


@pytest.mark.parametrize("scheme", [path.stem for path in sorted(CORNERS.glob("*.c"))])
def test_kernel_and_model_agree_on_corner_cases(scheme: str) -> None:
    for name, table in CORNER_SCENARIOS.items():
        case = make_case(CORNERS / f"{scheme}.c", make_scenario(name, table))
        found = compare(kernel(), case, Plan(12))
        assert found.agreed == found.run > 0, first_difference(found)


# Turns that no sample has: who waits behind whom for one mutex, and kills that reach several tasks at once.
WAITERS: dict[str, tuple[str, list[str], str, tuple[int | None, ...]]] = {
    "killed while it waits for itself, behind another": (
        "killable_self", ["migrate(A, A)", "ioctl(A)"], "1 2 1 1! 1 2 2 2", (-4, 0)
    ),
    "killed while it waits for itself, before another": (
        "killable_self", ["migrate(A, A)", "ioctl(A)"], "1 1 2 1! 1 1", (None, None)
    ),
    "the first waiter is killed, and the next one gets the mutex": (
        "handoff", ["again(A)", "migrate(A, B)", "migrate(A, C)"], "1 2 3 2! 1 1 3", (-16, -4, 0)
    ),
    "the second waiter is killed, and the first one gets the mutex": (
        "handoff", ["again(A)", "migrate(A, B)", "migrate(A, C)"], "1 2 3 3! 1 2 1 1", (0, 0, -4)
    ),
    "the only waiter is killed, and another one comes": (
        "handoff", ["again(A)", "migrate(A, B)", "migrate(A, C)"], "1 2 2! 3 1 3 1 1", (0, -4, 0)
    ),
    "two waiters are killed one after the other": (
        "killable_self", ["migrate(B, A)", "migrate(A, B)"], "1 2 1 2 1! 2! 1 2", (-4, -4)
    ),
    "two waiters are killed at once, and one is back before the other runs": (
        "killable_self", ["migrate(B, A)", "migrate(A, B)"], "1 2 1 2 1!+2!+1+1 2 2 2 2", (-4, 0)
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", WAITERS)
def test_kernel_and_model_agree_on_who_gets_a_mutex(what: str) -> None:
    scheme, tasks, written, returns = WAITERS[what]
    case = make_case(CORNERS / f"{scheme}.c", make_scenario("waiters", {"tasks": tasks, "signals": True}))
    turns = parse_turns(written, len(tasks))
    predicted = predict(case.program, turns, DEBUG)
    assert difference(predicted, boot(kernel(), case, turns), DEBUG) == ""
    assert predicted.results == returns


def test_of_many_hung_tasks_the_kernel_names_the_first_ten() -> None:
    case = make_case("naive", "ring12")
    turns = (*range(1, 13), *range(1, 13))
    predicted = predict(case.program, turns, DEBUG)
    assert difference(predicted, boot(kernel(), case, turns), DEBUG) == ""
    assert sum(kind == "hung-task" for kind, _ in predicted.findings) == 10


def _no_fast_path(operation: Operation, state: State, task: int) -> tuple[int, int]:
    """Wrong: a free mutex is refused to a task with a fatal signal."""
    if operation.interruptible and state.marks[task - 1] & 1:
        return -4, state.values[operation.object]
    return RIGHT_EFFECT(operation, state, task)


def _no_handoff(operation: Operation, state: State, task: int) -> tuple[int, int]:
    """Wrong: a killed self-deadlock returns -EINTR."""
    if operation.action == "lock" and state.values[operation.object]:
        return -4, state.values[operation.object]
    return RIGHT_EFFECT(operation, state, task)


def _new_value(operation: Operation, state: State, task: int) -> tuple[int, int]:
    """Wrong: cmpxchg returns the new value."""
    result, after = RIGHT_EFFECT(operation, state, task)
    return (after if operation.action == "cmpxchg" else result), after


def _inverted_try(operation: Operation, state: State, task: int) -> tuple[int, int]:
    """Wrong: trylock returns 0 when it has the lock."""
    result, after = RIGHT_EFFECT(operation, state, task)
    return (1 - result if operation.action == "trylock" else result), after


def _no_subclass(program: Program, operation: Operation) -> LockClass:
    """Wrong: lockdep takes no notice of a nesting annotation."""
    return RIGHT_CLASS(program, operation)._replace(subclass=0)


def _by_instance(program: Program, operation: Operation) -> LockClass:
    """Wrong: lockdep tells the locks of two VMs apart."""
    return LockClass(program.objects[operation.object].name, operation.subclass)


RIGHT_EFFECT = interpreter.effect_of
RIGHT_CLASS = heldlocks.class_of
Rule = tuple[object, str, "Callable[..., object]"]
BROKEN: dict[str, tuple[str, str, tuple[Rule, ...]]] = {
    "a killed task takes a free mutex": (
        "sev_lock_two_vms", "1! 1 1 1 1",
        ((interpreter, "effect_of", _no_fast_path), (script, "effect_of", _no_fast_path)),
    ),
    "cmpxchg returns the old value": (
        "flag_then_mutex", "1 2 1 2 1 2",
        ((interpreter, "effect_of", _new_value), (script, "effect_of", _new_value)),
    ),
    "trylock returns 1": (
        "trylock_once", "1 1",
        ((interpreter, "effect_of", _inverted_try), (script, "effect_of", _inverted_try)),
    ),
    "might_sleep() comes before the fast path": (
        "v4", "1 1 1 1", ((Reports, "note_sleep", lambda *_: None),),
    ),
    "a subclass is a class of its own": ("address_order", "1 1", ((heldlocks, "class_of", _no_subclass),)),
    "the locks of two VMs are of one class": ("naive", "1 1", ((heldlocks, "class_of", _by_instance),)),
    "the mutexes of two vCPUs are of one class": ("linux_5_16", "1 " * 7, ((heldlocks, "class_of", _by_instance),)),
    "a nest lock excuses a lock of its class": (
        "linux_6_16", "1 " * 7, ((heldlocks, "counted_together", lambda *_: False),
                                 (lockdep, "counted_together", lambda *_: False),
                                 (lockdep, "serialized", lambda *_: False)),
    ),
    "waiters in mutex_lock() are reported": ("naive", "1 2", ((script, "_sleep_letter", lambda _: "K"),)),
}  # fmt: skip


@pytest.mark.parametrize("rule", BROKEN)
def test_a_broken_rule_makes_the_comparison_fail(rule: str, monkeypatch: pytest.MonkeyPatch) -> None:
    scheme, written, patches = BROKEN[rule]
    case = make_case(scheme, "signal" if "!" in written else "double")
    turns = turns_of(case.program, parse_schedule(written, 2))
    run = boot(kernel(), case, turns)
    assert difference(predict(case.program, turns, DEBUG), run, DEBUG) == ""
    for place, name, wrong in patches:
        monkeypatch.setattr(place, name, wrong)
    broken = make_case(scheme, case.scenario)
    assert difference(predict(broken.program, turns, DEBUG), run, DEBUG) != ""


def test_the_command_runs_one_schedule(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "naive", "--schedule", "1 2"]) == 0
    said = capsys.readouterr()
    assert "wait 2 16:2 mutex_lock B.lock D 1" in said.out
    assert "hung-task (task1), hung-task (task2), recursive (task1)" in said.out
    assert "kernel and model agree" in said.err


def test_the_command_kills_a_task_that_waits_for_itself(capsys: pytest.CaptureFixture[str]) -> None:
    """Notebook 08: the same string, and the same 0."""
    written = ["run", "naive_killable", "--scenario", "self", "--signals", "--schedule", "1 1! 1 1 1 1 1"]
    assert main(written) == 0
    said = capsys.readouterr()
    assert "return 1 0" in said.out
    assert said.err.endswith("kernel and model agree\n")


def test_the_command_compares_and_prints_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", "naive", "--scenario", "double", "--scenario", "self"]) == 0
    assert "0 differed" in capsys.readouterr().out
