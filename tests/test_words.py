"""The sentences, each for one rule, word for word."""

from __future__ import annotations

import pytest

import sevviz
from sevviz.analysis import deadlock_of, deadlocks_of
from sevviz.counting import all_states, counted
from sevviz.interpreter import moves, wait_of
from sevviz.views.chips import chips_of
from sevviz.views.names import arrow, listed, tasks_title
from sevviz.views.verdict_words import returns_label, schedules_words, verdict_line
from sevviz.views.words import about_to, cycle_words, deadlock_sentence, fault_sentence, step_sentence, wait_reason

HEADER = "/*\n * title: Test\n * source: a test\n * entry: f\n */\n"


def last_sentence(scheme: str, scenario: str, schedule: str) -> str:
    """The sentence on the last step of a schedule."""
    program = sevviz.program(scheme, scenario)
    trace = sevviz.run(program, sevviz.parse_schedule(schedule, len(program.tasks)))
    return step_sentence(program, trace.steps[-1], trace.states[-2], trace.states[-1])


@pytest.mark.parametrize(
    ("scheme", "scenario", "schedule", "sentence"),
    [
        ("naive", "double", "1", "Task 1 (A→B) calls mutex_lock(B.lock) and holds it now."),
        (
            "v4", "double", "2",
            "Task 2 (B→A) calls spin_lock(A.migration_lock) and holds it now, so it is in atomic context.",
        ),
        ("v4", "double", "1 1", "Task 1 (A→B) reads B.migration_in_progress: it is 0."),
        ("v4", "double", "1 1 1", "Task 1 (A→B) sets B.migration_in_progress: it was 0 and is 1 now."),
        ("naive", "double", "1 1 1", "Task 1 (A→B) enters sev_migrate_from(B, A), the work that the locks protect."),
        ("naive", "double", "1 1 1 1", "Task 1 (A→B) leaves sev_migrate_from(B, A): the work is done."),
        ("naive", "double", "1 1 1 1 1", "Task 1 (A→B) calls mutex_unlock(A.lock): A.lock is free again."),
        (
            "naive", "double", "1 1 1 1 1 1",
            "Task 1 (A→B) calls mutex_unlock(B.lock): B.lock is free again. It returns 0.",
        ),
        (
            "trylock_once", "double", "1 1",
            "Task 1 (A→B) calls mutex_trylock(A.lock), which succeeds: it holds A.lock now.",
        ),
        (
            "trylock_once", "double", "1 2 1",
            "Task 1 (A→B) calls mutex_trylock(A.lock), which fails at once: A.lock is held by task 2 (B→A).",
        ),
        (
            "flag_then_mutex", "double", "1",
            "Task 1 (A→B) calls atomic_cmpxchg_acquire(B.migration_in_progress, 0, 1): it was 0 and is 1 now.",
        ),
        (
            "flag_then_mutex", "same", "1 2",
            (
                "Task 2 (A→B) calls atomic_cmpxchg_acquire(B.migration_in_progress, 0, 1):"
                " it is 1, not 0, so nothing changes. It returns -EBUSY."
            ),
        ),
        ("naive", "signal", "1 1!", "A fatal signal reaches task 1 (A→B)."),
        (
            "sev_lock_two_vms", "signal", "3 2 2 2! 2",
            (
                "Task 2 (B→A) calls mutex_lock_killable(A.lock): "
                "a fatal signal ends the wait, and the call returns -EINTR."
            ),
        ),
    ],
)  # fmt: skip
def test_one_plain_sentence_for_each_step(scheme: str, scenario: str, schedule: str, sentence: str) -> None:
    assert last_sentence(scheme, scenario, schedule) == sentence


@pytest.mark.parametrize(
    ("scheme", "scenario", "schedule", "sentence"),
    [
        (
            "v4", "double", "1 1 1 1",
            (
                "Task 1 calls mutex_lock(B.lock) while it holds the spinlock B.migration_lock: mutex_lock may sleep,"
                " and sleeping in atomic context is forbidden, even though the mutex is free."
            ),
        ),
        (
            "v4", "ioctl", "3 2 2 2",
            (
                "Task 2 goes to sleep in mutex_lock(A.lock) while it holds the spinlock A.migration_lock:"
                " sleeping in atomic context is forbidden."
            ),
        ),
        (
            HEADER + "int f(struct kvm *k) { mutex_unlock(&k->lock); return 0; }", "", "1",
            "Task 1 unlocks A.lock, which it does not hold. The schedule ends here.",
        ),
        (
            HEADER + "int f(struct kvm *k) { mutex_lock(&k->lock); return 0; }", "", "1",
            "Task 1 returns while it still holds A.lock: nobody else will ever get it.",
        ),
        (
            HEADER + "int f(struct kvm *k) { k->busy = 1; return 0; }", "", "1",
            "All tasks have returned, but A.busy is still 1: nobody is left to put it back.",
        ),
    ],
)  # fmt: skip
def test_one_sentence_for_each_fault(scheme: str, scenario: str, schedule: str, sentence: str) -> None:
    program = sevviz.program(scheme, scenario or "double", tasks=() if scenario else ("f(A)",))
    actors = sevviz.parse_schedule(schedule, len(program.tasks))
    before = sevviz.run(program, actors[:-1]).states[-1]
    move = next(move for move in moves(program, before) if move.actor == actors[-1])
    assert fault_sentence(program, move.faults[0], move.actor, before, move.state) == sentence


KEPT = (
    HEADER
    + """int f(struct kvm *k) { mutex_lock(&k->lock); return 0; }
int g(struct kvm *k) { return mutex_lock_killable(&k->lock); }
int h(struct kvm *k) { mutex_lock(&k->lock); mutex_unlock(&k->lock); return 0; }"""
)


@pytest.mark.parametrize(
    ("calls", "ending"),
    [
        (("f(A)", "g(A)"), "Only a fatal signal could end this."),
        (("f(A)", "h(A)"), "Nothing can end this."),
        (("f(A)", "g(A)", "h(A)"), "Nothing can end this."),
    ],
)
def test_a_wait_without_a_ring_ends_by_a_signal_only_if_all_of_it_does(calls: tuple[str, ...], ending: str) -> None:
    program = sevviz.program(KEPT, tasks=calls)
    found = deadlock_of(program, sevviz.run(program, (1,)).states[-1])
    assert found is not None
    assert deadlock_sentence(program, found).endswith(ending)


@pytest.mark.parametrize("scheme", sevviz.scheme_names())
def test_nothing_is_said_to_be_for_ever_that_a_signal_would_end(scheme: str) -> None:
    """Sends the signals of the same scheme in the same scenario to whoever waits."""
    for scenario in ("self", "double", "ioctl"):
        calm, signalled = sevviz.check(scheme, scenario), sevviz.program(scheme, scenario, signals=True)
        for outcome in calm.deadlocks:
            assert outcome.deadlock is not None
            state = sevviz.run(signalled, outcome.schedule).states[-1]
            endable = not all(one.final for one in deadlocks_of(signalled, state))
            ending = "Only a fatal signal could end this." if endable else "Nothing can end this."
            assert deadlock_sentence(calm.program, outcome.deadlock).endswith(ending), (scenario, outcome.schedule)


def test_why_a_task_cannot_step() -> None:
    program = sevviz.program("naive", "double")
    state = sevviz.run(program, (1, 2)).states[-1]
    wait = wait_of(program, state, 1)
    assert wait is not None
    assert wait_reason(program, wait) == "waits for A.lock, held by task 2 (B→A) since step {since}"


@pytest.mark.parametrize(
    ("scheme", "scenario", "schedule", "ring", "sentence"),
    [
        (
            "naive", "double", (1, 2), "1→A.lock→2→B.lock→1",
            (
                "Deadlock: task 1 (A→B) waits for A.lock, held by task 2 (B→A), which waits for B.lock, held by task 1."
                " Nothing can end this."
            ),
        ),
        (
            "naive", "self", (1,), "1→A.lock→1",
            "Self-deadlock: task 1 (A→A) waits for A.lock, which it holds itself. Nothing can end this.",
        ),
        (
            "naive_killable", "self", (1,), "1→A.lock→1",
            "Self-deadlock: task 1 (A→A) waits for A.lock, which it holds itself. Only a fatal signal could end this.",
        ),
    ],
)  # fmt: skip
def test_a_deadlock_names_every_task_and_lock(
    scheme: str, scenario: str, schedule: tuple[int, ...], ring: str, sentence: str
) -> None:
    program = sevviz.program(scheme, scenario)
    found = deadlock_of(program, sevviz.run(program, schedule).states[-1])
    assert found is not None
    assert cycle_words(program, found) == ring
    assert deadlock_sentence(program, found) == sentence


@pytest.mark.parametrize(
    ("returns", "label"),
    [
        (("0", "0"), "0/0"),
        (("-EBUSY", "-EBUSY"), "both -EBUSY"),
        (("-EBUSY", "-EBUSY", "-EBUSY"), "all -EBUSY"),
        (("0", "-EBUSY"), "task 1 wins, task 2 -EBUSY"),
        (("0", "-EBUSY", "0"), "tasks 1 and 3 win, task 2 -EBUSY"),
        (("-EINTR", "-EBUSY"), "task 1 -EINTR, task 2 -EBUSY"),
        (("-EINVAL",), "returns -EINVAL"),
    ],
)
def test_outcomes_have_short_labels(returns: tuple[str, ...], label: str) -> None:
    assert returns_label(returns) == label


@pytest.mark.parametrize(
    ("calls", "returns", "label"),
    [
        (("migrate(B, A)", "ioctl(A)"), ("-EBUSY", "0"), "task 1 -EBUSY, ioctl(A) 0"),
        (("migrate(B, A)", "vcpu_run(B)"), ("0", "-EBUSY"), "task 1 0, vcpu_run(B) -EBUSY"),
        (
            ("migrate(B, A)", "migrate(A, B)", "ioctl(A)"),
            ("0", "-EBUSY", "0"),
            "task 1 wins, task 2 -EBUSY, ioctl(A) 0",
        ),
        (
            ("ioctl(A)", "migrate(B, A)", "ioctl(A)"),
            ("0", "-EBUSY", "0"),
            "task 2 -EBUSY, task 1 ioctl(A) 0, task 3 ioctl(A) 0",
        ),
        (("migrate(B, A)", "ioctl(A)"), ("0", "0"), "0/0"),
        (("migrate(B, A)", "ioctl(A); vcpu_run(B)"), ("-EBUSY", "0"), "task 1 -EBUSY, task 2 0"),
    ],
)
def test_only_a_move_wins(calls: tuple[str, ...], returns: tuple[str, ...], label: str) -> None:
    assert returns_label(returns, calls) == label


def test_no_chip_says_that_an_ioctl_wins() -> None:
    labels = [chip.label for chip in chips_of(sevviz.check("flag_then_mutex", "ioctl"))]
    assert "tasks 1 and 2 -EBUSY, ioctl(A) 0" in labels
    assert "task 1 wins, task 2 -EBUSY, ioctl(A) 0" in labels
    assert not any("3" in label for label in labels)


def test_numbers_of_schedules() -> None:
    assert schedules_words(62, 262) == "62 of 262 schedules"
    assert schedules_words(262, 262) == "every schedule"
    assert schedules_words(None, 262) == ""
    assert schedules_words(64_176, 10**18) == "64,176 of 1.0·10^18 schedules"


def test_one_is_no_plural_and_digits_stand_in_groups() -> None:
    assert [counted(number, "step") for number in (0, 1, 2, 1234)] == ["0 steps", "1 step", "2 steps", "1,234 steps"]
    assert [all_states(number) for number in (1, 1234)] == ["the only state", "all 1,234 states"]


def test_names() -> None:
    assert arrow("migrate(B, A)") == "A→B"
    assert arrow("ioctl(A)") == "ioctl(A)"
    assert (
        arrow("copy_context(A, B); migrate(A, B)") == "copy_context(A, B); B→A"
    )  # not all that names two VMs moves one
    assert arrow("migrate(B, A); migrate(A, B)") == "A→B; B→A"
    assert listed(["A", "B", "C"]) == "A, B and C"
    assert tasks_title(sevviz.program("naive", "bystander")) == "A→B ‖ B→A ‖ C→D"


def test_what_a_task_is_about_to_do() -> None:
    program = sevviz.program("v4", "double")
    told = [about_to(position.operation, position.result) for position in program.tasks[0].automaton.positions[:1]]
    assert told == ["about to call spin_lock(B.migration_lock)"]
    assert about_to(None, -16) == "returned -EBUSY"


def test_a_verdict_claims_no_more_than_was_searched() -> None:
    assert verdict_line(sevviz.check("naive")) == "Deadlock in 2 of 6 schedules."
    assert verdict_line(sevviz.check("flag_then_mutex", limit=20)).startswith(
        "Inconclusive: nothing wrong in the first"
    )
