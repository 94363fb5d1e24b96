"""Turns: what the model says the kernel will do, line by line."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import sevviz
from sevviz.catalogue import make_scenario
from sevviz.errors import ScheduleError
from sevviz.kernel.boot import read_console
from sevviz.kernel.case import make_case
from sevviz.kernel.compare import PLAN, Plan, difference, predict, sample_for_smp
from sevviz.kernel.comparison import Comparison, row
from sevviz.kernel.configuration import CONFIGURATIONS
from sevviz.kernel.schedules import choose
from sevviz.kernel.script import follow
from sevviz.kernel.together import format_turns, grouped, joined, parse_turns
from sevviz.kernel.transcript import Finding
from sevviz.kernel.turns import is_followed, takes, turns_of

CORNERS = Path(__file__).parent / "kernel"


@pytest.mark.parametrize("scheme", sevviz.scheme_names())
@pytest.mark.parametrize("scenario", ["double", "ioctl", "signal"])
def test_turns_make_the_model_take_the_schedule_that_they_were_made_from(scheme: str, scenario: str) -> None:
    program = make_case(scheme, scenario).program
    for schedule in choose(program, 15).schedules:
        assert follow(program, turns_of(program, schedule)).steps == schedule
        assert follow(program, turns_of(program, schedule, early=False)).steps == schedule
        assert follow(program, turns_of(program, schedule, spinning=True), up=False).steps == schedule


def test_with_a_cpu_of_its_own_a_waiter_spins_until_the_lock_is_free() -> None:
    program = sevviz.program("v4", "same")
    schedule = (1, 1, 1, 1, 1, 2)
    assert turns_of(program, schedule) == schedule
    turns = turns_of(program, schedule, spinning=True)
    assert turns == (1, 2, 1, 1, 1, 1)
    told = follow(program, turns, up=False)
    assert told.spins
    assert told.turns[2].lines == ("wait 2 17:2 spin_lock B.migration_lock R 1",)
    assert [line.split()[:4] for line in told.turns[6].lines] == [
        ["step", "1", "29:2", "spin_unlock"], ["step", "2", "17:2", "spin_lock"]
    ]  # fmt: skip


def test_where_cpus_are_shared_nobody_begins_to_spin_early() -> None:
    program = make_case("v4", "cpus").program
    schedule = (1, 1, 1, 1, 1, 2)
    assert turns_of(program, schedule, spinning=True) == turns_of(program, schedule)


def test_where_cpus_are_shared_the_schedule_says_who_begins_to_spin() -> None:
    """Task 1 runs into the mutex as soon as the ioctl has it; who has begun to spin goes on without another turn."""
    program = make_case("v4", "cpus").program
    turns = turns_of(program, (1, 1, 1, 4, 2, 3))
    assert turns == (1, 1, 1, 4, 1, 2, 3, 4)
    told = follow(program, turns, up=False)
    assert told.steps == (1, 1, 1, 4, 2, 3)
    assert told.spins
    short = (1, 1, 1, 2, 1, 1, 2)  # 2 begins, 1 gives the spinlock back, 2 takes it
    assert turns_of(program, short) == (1, 1, 1, 2, 1, 4, 1)  # the ioctl goes to sleep early
    assert follow(program, turns_of(program, short), up=False).steps == short


@pytest.mark.parametrize("scheme", ["v4", "v3_global_spinlock", "migration_lock_both", "spinlocks_alone"])
def test_where_cpus_are_shared_the_turns_make_the_schedule(scheme: str) -> None:
    """A kernel hands a spinlock to who spins for it, so a task spins only where the schedule lets it have it then."""
    program = make_case(scheme, "cpus").program
    for schedule in choose(program, 12).schedules:
        assert takes(program, follow(program, turns_of(program, schedule), up=False).steps, schedule), schedule


def test_who_sleeps_with_a_spinlock_sleeps_before_another_needs_its_cpu() -> None:
    program = make_case("migration_lock_both", "cpus").program
    assert turns_of(program, (1, 4, 2, 4)) == (1, 4, 1, 2, 4)
    told = follow(program, turns_of(program, (1, 4, 2, 4)), up=False)
    assert {kind for kind, _ in told.findings} >= {"sleeping-function", "scheduling-while-atomic"}


def test_who_is_woken_and_has_no_cpu_is_runnable_and_no_hung_task() -> None:
    """Task 1 gives A.lock back with a spinlock held, and spins for that spinlock on the only CPU."""
    body = "mutex_lock(&a->lock);\n\tspin_lock(&a->s);\n\tmutex_unlock(&a->lock);\n\tspin_lock(&a->s);"
    text = f"static int hog(struct kvm *a)\n{{\n\t{body}\n\treturn 0;\n}}\n"
    header = "/*\n * title: t\n * source: t\n * entry: hog\n */\n"
    program = sevviz.program(header + text, make_scenario("one", {"tasks": ["hog(A)", "ioctl(A)"], "cpus": 1}))
    told = follow(program, (1, 2, 1, 1, 1), up=False)
    assert told.steps == (1, 1, 1, 1)
    assert [line for line in told.turns[-1].lines if line.startswith("wait 2")] == ["wait 2 8:2 mutex_lock A.lock R 0"]
    assert {kind for kind, _ in told.findings} == {"soft-lockup", "recursive"}


def test_a_hang_in_which_the_woken_are_passed_over_is_told_as_one_that_no_kernel_can_be_made_to_take() -> None:
    """At 1 1 1 4 2 4 3 of v4 task 3 is faster than task 1, which was woken: a race that no list of turns decides."""
    program = make_case("v4", "cpus").program
    assert is_followed(program, (1, 1, 1, 4, 2, 3))
    assert not is_followed(program, (1, 1, 1, 4, 2, 4, 3))
    assert sevviz.splat("v4", "cpus", "1 1 1 4 2 4 3").silences[0].startswith("No kernel takes exactly this schedule")


def test_a_sample_for_several_cpus_begins_with_what_one_cpu_cannot_show() -> None:
    both = sample_for_smp(make_case("migration_lock_both", "double"), Plan(8))
    assert both.schedules[0] == (1, 1, 2, 2)
    program = sevviz.program("migration_lock_both", "double")
    assert all(follow(program, turns_of(program, one, spinning=True), up=False).spins for one in both.schedules)
    assert both.total == 18
    assert sample_for_smp(make_case("v4", "cpus"), Plan(3)).schedules == (
        (1, 1, 1, 4, 2, 3), (2, 2, 2, 4, 1, 3), (3, 3, 3, 4, 1, 2),
    )  # fmt: skip


def test_a_waiter_sleeps_inside_the_mutex_and_goes_on_when_it_is_woken() -> None:
    program = sevviz.program("naive", "same")
    turns = turns_of(program, (1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2))
    assert turns == (1, 2, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2)
    told = dict(enumerate(follow(program, turns).turns))
    assert told[2].lines == ("wait 2 15:2 mutex_lock B.lock D 1",)
    assert told[7].lines == ("step 1 21:2 mutex_unlock B.lock 0 0", "return 1 0", "step 2 15:2 mutex_lock B.lock 0 2")


def test_in_a_killable_deadlock_with_both_killed_one_gets_eintr_and_the_other_0() -> None:
    """Task 1 unwinds first, and task 2 finds the mutex free before it looks at its signal."""
    tasks = ["migrate(B, A)", "migrate(A, B)"]
    program = sevviz.program(CORNERS / "killable_self.c", make_scenario("s", {"tasks": tasks, "signals": True}))
    found = follow(program, (1, 2, 1, 2, -1, 1, -2, 2, 2, 2, 2))
    assert found.results == (-4, 0)
    assert found.findings == frozenset()  # who waits killably is never reported


def test_a_killed_self_deadlock_returns_0_and_unlocks_what_it_has_not() -> None:
    scenario = make_scenario("s", {"tasks": ["migrate(A, A)"], "signals": True})
    found = follow(sevviz.program(CORNERS / "killable_self.c", scenario), (1, 1, -1, 1, 1, 1, 1))
    assert found.ends == "unlock-not-held"
    assert found.findings == {Finding("unlock-by-non-owner", 1)}


def test_who_is_killed_before_it_sleeps_gets_eintr_from_its_own_mutex() -> None:
    """No handoff: the signal is seen before the task goes to sleep."""
    scenario = make_scenario("s", {"tasks": ["migrate(A, A)"], "signals": True})
    assert follow(sevviz.program(CORNERS / "killable_self.c", scenario), (1, -1, 1, 1)).results == (-4,)


def test_a_sleeper_in_atomic_context_is_told_of_once_asleep() -> None:
    program = sevviz.program("v4", "ioctl")
    found = follow(program, (3, 2, 2, 2, 2))
    assert {f.kind for f in found.findings} == {
        "sleeping-function", "invalid-wait-context", "scheduling-while-atomic", "hung-task",
    }  # fmt: skip


def test_a_spinning_waiter_is_not_begun_on_one_cpu_and_spins_on_several() -> None:
    program = sevviz.program("migration_lock_both")
    turns = turns_of(program, (1, 1, 2, 2))
    alone, several = follow(program, turns), follow(program, turns, up=False)
    assert alone.spins
    assert alone.turns[-1].lines == ("spin 2 17:2 spin_lock B.migration_lock 1",)
    assert several.turns[-1].lines[-1] == "wait 2 17:2 spin_lock B.migration_lock R 1"
    assert Finding("soft-lockup", 2) in several.findings


def test_all_schedules_are_chosen_where_there_are_few_and_a_seeded_sample_else() -> None:
    few = choose(sevviz.program("naive"), 100)
    assert (few.complete, len(few.schedules)) == (True, 6)
    many = choose(sevviz.program("v4"), 50, seed=7)
    assert (many.complete, len(set(many.schedules))) == (False, 50)
    assert many == choose(sevviz.program("v4"), 50, seed=7)
    assert many != choose(sevviz.program("v4"), 50, seed=8)


def test_a_third_of_a_sample_with_signals_kills_a_task_that_waits() -> None:
    """Left to chance, next to no signal would reach a sleeper."""
    program = make_case("linux_6_16", "running").program
    killed = 0
    for schedule in choose(program, 60).schedules:
        waits = set[int]()
        for turn in follow(program, turns_of(program, schedule)).turns:
            if turn.word.endswith("!") and int(turn.word[:-1]) in waits:
                killed += 1
                break
            waits = {int(line.split()[1]) for line in turn.lines if line.startswith("wait ") and " K " in line}
    assert killed >= 60 // 3 - 2  # two draws may be the same


def test_a_sample_of_countless_schedules_has_as_many_as_are_asked_for() -> None:
    found = choose(make_case("trylock_backoff", "double").program, 2000)
    assert (len(set(found.schedules)), found.endless) == (2000, True)


def test_turns_that_are_given_at_once_are_written_with_a_plus() -> None:
    written = "1 2 1 2 1!+2!+1+1 2"
    turns = parse_turns(written, 2)
    assert list(grouped(turns)) == [(1,), (2,), (1,), (2,), (-1, -2, 1, 1), (2,)]
    assert joined(grouped(turns)) == turns
    assert format_turns(turns) == format_turns(parse_turns(written.replace("+", " + "), 2)) == written
    assert parse_turns("", 2) == ()
    program = sevviz.program("naive_killable", "double", signals=True)
    told = follow(program, turns)
    assert told.turns[5].word == "1!+2!+1+1"
    assert told.steps == (1, 2, -1, -2, 1, 1, 2, 2)
    with pytest.raises(ScheduleError, match="there is no task 3"):
        parse_turns("1!+3", 2)
    for broken in ("1!+", "+1", "1 + + 2"):
        with pytest.raises(ScheduleError, match=re.escape(f"nothing stands on one side of a plus in {broken!r}")):
            parse_turns(broken, 2)


def test_a_number_of_schedules_that_is_only_not_counted_is_not_called_countless(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def shown(scheme: str) -> str:
        case = make_case(scheme, "double")
        chosen = choose(case.program, 5)
        return row(Comparison(case, CONFIGURATIONS["debug"], chosen.total, 5, chosen.endless, run=5))[2]

    assert (shown("v4"), shown("trylock_backoff")) == ("5 of 64,176", "5 of countless")
    monkeypatch.setattr("sevviz.kernel.schedules.MOST_STATES", 100)
    assert shown("v4") == "5 of many, not counted"
    assert sample_for_smp(make_case("trylock_backoff", "double"), Plan(3)).endless


CONSOLE = """Linux version 6.12
sevviz: begin
sevviz: turn 1
sevviz: step 1 15:2 mutex_lock B.svm.sev_info.gate 0 1
{extra}sevviz: end
"""


def test_the_console_is_read_with_short_names() -> None:
    run = read_console(CONSOLE.format(extra=""), {"svm.sev_info.gate": "gate"})
    assert run.turns[1].lines == ("step 1 15:2 mutex_lock B.gate 0 1",)
    assert (run.ended, run.findings) == ("", frozenset())


@pytest.mark.parametrize(
    ("words", "finding"),
    [
        ("BUG: scheduling while atomic: task2/24/0x00000002", ("scheduling-while-atomic", 2)),
        ("INFO: task task1:23 blocked for more than 10 seconds.", ("hung-task", 1)),
        ("BUG: spinlock recursion on CPU#0, task1/23", ("spinlock-recursion", 1)),
        ("watchdog: BUG: soft lockup - CPU#1 stuck for 6s! [task2:41]", ("soft-lockup", 2)),
        ("BUG: something that nobody has foreseen", ("BUG: something that nobody has foreseen", 0)),
        ("WARNING: CPU: 0 PID: 1 at kernel/x.c:1", ("WARNING: CPU: 0 PID: 1 at kernel/x.c:1", 0)),
    ],
)
def test_every_report_of_the_kernel_is_found_and_none_passes_in_silence(words: str, finding: tuple[str, int]) -> None:
    assert read_console(CONSOLE.format(extra=words + "\n"), {}).findings == {Finding(*finding)}


NOT_OWNER = "DEBUG_LOCKS_WARN_ON(__owner_task(owner) != {})"
COMM = "CPU: 0 UID: 0 PID: 23 Comm: task1 Not tainted 6.12.117 #1"


@pytest.mark.parametrize(
    "lines",
    [
        ("WARNING: CPU: 0 PID: 23 at kernel/locking/mutex.c:930 f+0x229/0x420",
         NOT_OWNER.format("(current_thread_info()->task)"), COMM),
        (NOT_OWNER.format("get_current()"), "WARNING: CPU: 0 PID: 33 at f+0x182/0x290", COMM),
        (NOT_OWNER.format("get_current()"), "WARNING: CPU: 0 PID: 33 at kernel/locking/mutex.c:930 f+0x182/0x290",
         "Modules linked in:", COMM),
    ],
    ids=["um", "x86", "x86, with modules and line numbers"],
)  # fmt: skip
def test_an_unlock_by_a_non_owner_is_found_whether_the_words_or_the_place_comes_first(lines: tuple[str, ...]) -> None:
    extra = "\n".join(["------------[ cut here ]------------", *lines, ""])
    assert read_console(CONSOLE.format(extra=extra), {}).findings == {Finding("unlock-by-non-owner", 1)}


def test_a_kernel_that_stops_half_way_is_a_difference() -> None:
    program = sevviz.program("naive")
    predicted = predict(program, (1,), CONFIGURATIONS["debug"])
    cut = read_console(CONSOLE.format(extra="").replace("sevviz: end", ""), {})
    assert "ended before the runner" in difference(predicted, cut, CONFIGURATIONS["debug"])
    assert "did not start" in difference(predicted, read_console("", {}), CONFIGURATIONS["debug"])


def test_a_step_that_is_not_as_predicted_is_named() -> None:
    program = sevviz.program("naive")
    predicted = predict(program, (1,), CONFIGURATIONS["debug"])
    run = read_console(CONSOLE.format(extra="").replace("B.svm.sev_info.gate 0 1", "B.lock -4 0"), {})
    what = difference(predicted, run, CONFIGURATIONS["debug"])
    ours, theirs = "'step 1 15:2 mutex_lock B.lock 0 1'", "'step 1 15:2 mutex_lock B.lock -4 0'"
    assert what == f"turn 1 (1): the model says {ours}, the kernel {theirs}"


def test_every_scenario_is_compared_but_what_one_cpu_and_strong_memory_cannot_show() -> None:
    """Scenario cpus is recorded on a kernel with several CPUs; weak memory order cannot be forced on one."""
    assert set(sevviz.scenario_names()) - set(PLAN) == {"cpus", "weak"}
    assert set(PLAN) <= set(sevviz.scenario_names())
