"""Generated kernel reports: exact texts, when they are printed, and why nothing is."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

import sevviz
from sevviz.catalogue import make_scenario
from sevviz.cli import main
from sevviz.errors import ScheduleError, SevvizError
from sevviz.model import OVERTAKE
from sevviz.splats import splat_of

HEADER = "/*\n * title: A scheme of the test\n * source: tests/test_splats.py\n * entry: migrate\n */\n"
RING = (
    HEADER
    + """static DEFINE_MUTEX(outer);
static DEFINE_MUTEX(inner);

static void nest(struct mutex *first, struct mutex *second)
{
	mutex_lock(first);
	mutex_lock(second);
	mutex_unlock(second);
	mutex_unlock(first);
}

static int migrate(struct kvm *dst, struct kvm *src)
{
	if (dst < src) {
		nest(&inner, &outer);
	} else {
		nest(&outer, &dst->lock);
		nest(&dst->lock, &inner);
	}
	return 0;
}
"""
)

RECURSIVE = """\
============================================
WARNING: possible recursive locking detected
6.12.117 #1 Not tainted
--------------------------------------------
task1/101 is trying to acquire lock:
ffff888104a000a0 (&kvm->lock){+.+.}-{3:3}, at: migrate

but task is already holding lock:
ffff888104a010a0 (&kvm->lock){+.+.}-{3:3}, at: migrate

other info that might help us debug this:
 Possible unsafe locking scenario:

       CPU0
       ----
  lock(&kvm->lock);
  lock(&kvm->lock);

 *** DEADLOCK ***

 May be due to missing lock nesting notation

1 lock held by task1/101:
 #0: ffff888104a010a0 (&kvm->lock){+.+.}-{3:3}, at: migrate"""

CIRCULAR = """\
======================================================
WARNING: possible circular locking dependency detected
6.12.117 #1 Not tainted
------------------------------------------------------
task2/102 is trying to acquire lock:
ffffffff82c400a0 (outer){+.+.}-{3:3}, at: nest

but task is already holding lock:
ffffffff82c400e8 (inner){+.+.}-{3:3}, at: nest

which lock already depends on the new lock.


the existing dependency chain (in reverse order) is:

-> #2 (inner){+.+.}-{3:3}:

-> #1 (&kvm->lock){+.+.}-{3:3}:

-> #0 (outer){+.+.}-{3:3}:

other info that might help us debug this:

Chain exists of:
  outer --> &kvm->lock --> inner

 Possible unsafe locking scenario:

       CPU0                    CPU1
       ----                    ----
  lock(inner);
                               lock(&kvm->lock);
                               lock(inner);
  lock(outer);

 *** DEADLOCK ***

1 lock held by task2/102:
 #0: ffffffff82c400e8 (inner){+.+.}-{3:3}, at: nest"""

V4 = """\
BUG: sleeping function called from invalid context at kernel/locking/mutex.c:586
in_atomic(): 1, irqs_disabled(): 0, non_block: 0, pid: 102, name: task2
preempt_count: 1, expected: 0
RCU nest depth: 0, expected: 0
1 lock held by task2/102:
 #0: ffff888104a000a0 (&kvm->svm.sev_info.migration_lock){+.+.}-{2:2}, at: sev_lock_for_migration

=============================
[ BUG: Invalid wait context ]
6.12.117 #1 Tainted: G        W
-----------------------------
task2/102 is trying to lock:
ffff888104a00130 (&kvm->lock){+.+.}-{3:3}, at: sev_lock_for_migration
other info that might help us debug this:
context-{4:4}
1 lock held by task2/102:
 #0: ffff888104a000a0 (&kvm->svm.sev_info.migration_lock){+.+.}-{2:2}, at: sev_lock_for_migration

BUG: scheduling while atomic: task2/102/0x00000002
INFO: lockdep is turned off."""

CPUS_GONE = """\
watchdog: BUG: soft lockup - CPU#0 stuck for 22s! [task2:102]

watchdog: BUG: soft lockup - CPU#1 stuck for 22s! [task3:103]

INFO: task task1:101 blocked for more than 120 seconds.
      Tainted: G        W    L     6.12.117 #1
"echo 0 > /proc/sys/kernel/hung_task_timeout_secs" disables this message.
INFO: lockdep is turned off."""

HUNG_ANNOTATED = """\
INFO: task task2:102 blocked for more than 120 seconds.
      Not tainted 6.12.117 #1
"echo 0 > /proc/sys/kernel/hung_task_timeout_secs" disables this message.

Showing all locks held in the system:
1 lock held by khungtaskd/34:
 #0: ffffffff82b5c280 (rcu_read_lock){....}-{1:2}, at: debug_show_all_locks
2 locks held by task1/101:
 #0: ffff888104a010a0 (&kvm->lock){+.+.}-{3:3}, at: migrate
 #1: ffff888104a000a0 (&kvm->lock/1){+.+.}-{3:3}, at: migrate
2 locks held by task2/102:
 #0: ffff888104a000a0 (&kvm->lock){+.+.}-{3:3}, at: migrate
 #1: ffff888104a010a0 (&kvm->lock/1){+.+.}-{3:3}, at: migrate

============================================="""

PLAIN_SECOND = "spin_lock(&src_sev->migration_lock)"
SPIN_RECURSION = """\
BUG: spinlock recursion on CPU#0, task1/101
 lock: 0xffff888104a000a0, .magic: dead4ead, .owner: task1/101, .owner_cpu: 0

watchdog: BUG: soft lockup - CPU#0 stuck for 22s! [task1:101]"""


def test_the_naive_deadlock_is_called_recursive_and_then_two_tasks_hang() -> None:
    shown = sevviz.splat("naive", "double", "1 2")
    assert "\n".join(shown.reports[0].lines) == RECURSIVE
    assert [(report.kind, report.task) for report in shown.reports] == [
        ("recursive", 1), ("hung-task", 1), ("hung-task", 2),
    ]  # fmt: skip
    assert shown.legend == "ffff888104a000a0 is A.lock, ffff888104a010a0 is B.lock"


def test_classes_in_a_ring_are_circular_with_the_chain_between_them() -> None:
    """The first task brings outer -> kvm->lock -> inner, the second inner -> outer; nothing overlaps."""
    program = sevviz.program(RING)
    assert splat_of(program, (1,) * 8 + (2,) * 4).log == CIRCULAR


def test_v4_sleeps_in_atomic_context_while_an_ioctl_has_the_mutex() -> None:
    """The ioctl goes on and gives the mutex back, so no watchdog has anything to say."""
    shown = sevviz.splat("v4", "ioctl", "3 2 2 2")
    assert shown.log == V4
    assert shown.silences[0].startswith("Task 2 (B→A) waits in mutex_lock(A.lock) for a task that can go on")


def test_spinners_on_all_cpus_are_locked_up_and_the_sleeper_hangs() -> None:
    shown = sevviz.splat("v4", "cpus", "4 1 1 1 2 3")
    assert [report.kind for report in shown.reports][:3] == [
        "sleeping-function", "invalid-wait-context", "scheduling-while-atomic",
    ]  # fmt: skip
    assert shown.log.endswith(CPUS_GONE)


def test_an_annotated_deadlock_is_reported_by_the_hung_task_detector_alone_with_all_locks() -> None:
    shown = sevviz.splat("tests_before_source", "double", "1 1 2 2")
    assert [report.kind for report in shown.reports] == ["hung-task", "hung-task"]
    assert "\n".join(shown.reports[1].lines) == HUNG_ANNOTATED
    assert shown.silences[0].startswith("lockdep is silent on the order: mutex_lock_nested(A.lock")


def test_a_killable_deadlock_prints_nothing_and_says_why() -> None:
    shown = sevviz.splat("naive_killable", "double", "1 2")
    assert shown.log == ""
    assert shown.head.endswith("with its lock checks on would print nothing.")
    assert shown.silences[0] == "This is a deadlock, and the log stays empty."
    assert sum("the hung-task detector skips it" in sentence for sentence in shown.silences) == 2
    assert "is annotated" in shown.silences[3]


def test_flags_that_refuse_both_print_nothing() -> None:
    """Both moves return -EBUSY: a result, not an error."""
    shown = sevviz.splat("flag_then_mutex", "double", "1 2 1 2")
    assert shown.reports == ()
    first, second = shown.silences
    assert first == "No checker sees anything to complain of."
    flags = "B.migration_in_progress and A.migration_in_progress"
    assert second == f"lockdep sees locks only: {flags} can neither alarm it nor reassure it."


def test_a_spinlock_taken_twice_is_a_recursion_and_then_a_lockup() -> None:
    assert sevviz.splat("spinlocks_alone", "self", "1").log == SPIN_RECURSION


def test_lockdep_and_the_check_of_a_spinlocks_owner_speak_once_between_them() -> None:
    """Without the annotation lockdep is the first, and its one switch silences the other check, too."""
    text = sevviz.load("spinlocks_alone").text.text
    plain = text.replace("spin_lock_nested(&src_sev->migration_lock, SINGLE_DEPTH_NESTING)", PLAIN_SECOND)
    kinds = [[r.kind for r in sevviz.splat(scheme, "self", "1").reports] for scheme in ("spinlocks_alone", plain)]
    assert kinds == [["spinlock-recursion", "soft-lockup"], ["recursive", "soft-lockup"]]


def test_two_spinlocks_in_a_ring_are_told_of_by_the_watchdog_alone() -> None:
    shown = sevviz.splat("spinlocks_alone", "double", "1 2")
    assert [(report.kind, report.task) for report in shown.reports] == [("soft-lockup", 1), ("soft-lockup", 2)]
    (silence,) = shown.silences
    assert silence.startswith("lockdep is silent on the order: spin_lock_nested(")


def test_without_the_debug_options_only_watchdogs_speak() -> None:
    shown = sevviz.splat("naive", "double", "1 2", checks=False)
    assert [report.kind for report in shown.reports] == ["hung-task", "hung-task"]
    assert "Showing all locks" not in shown.log
    assert shown.silences[0].startswith("Without lock checks this kernel does not look.")
    assert shown.silences[0].endswith("these would speak too: lockdep (recursive locking).")
    quiet = sevviz.splat("v4", "double", "1 1 1 1", checks=False)
    assert quiet.reports == ()
    assert quiet.silences[0] == "Nobody sleeps or spins for too long."


def test_without_lock_checks_the_scheduler_sees_who_really_sleeps_with_a_spinlock() -> None:
    """A distribution's kernel counts held spinlocks (PREEMPT_DYNAMIC), so it says so without a debug option."""
    shown = sevviz.splat("v4", "ioctl", "3 2 2 2", checks=False)
    assert [report.lines for report in shown.reports] == [("BUG: scheduling while atomic: task2/102/0x00000002",)]
    assert shown.head.endswith("kernel without lock checks, as distributions build it would print:")
    assert shown.silences[-1].endswith("these would speak too: lockdep (invalid wait context) and might_sleep().")


def test_two_tasks_inside_the_work_are_nobodys_business() -> None:
    program = sevviz.program(HEADER + "static int migrate(struct kvm *dst, struct kvm *src)\n{\n"
                             "\tsev_migrate_from(dst, src);\n\treturn 0;\n}\n")  # fmt: skip
    shown = splat_of(program, (1, 2))
    assert shown.reports == ()
    assert shown.silences[0].startswith("Two tasks are inside the work on one VM")


def test_the_text_says_what_is_made_up_and_when_a_report_is_printed() -> None:
    text = str(sevviz.splat("naive", "double", "1 2"))
    assert text.startswith("At 1 2, a Linux 6.12.117 kernel with its lock checks on would print:")
    assert "* lockdep (recursive locking) needs CONFIG_PROVE_LOCKING. It prints its first report only" in text
    assert text.count("* The hung-task detector needs CONFIG_DETECT_HUNG_TASK") == 1
    assert "Generated by sevviz from its model." in text
    assert all(len(line) <= 100 for line in text.splitlines() if line.startswith(("*", "  ")))


def test_the_page_has_a_heading_and_a_named_region_for_each_report() -> None:
    page = sevviz.splat("v4", "ioctl", "3 2 2 2")._repr_html_()
    assert page.count("<h3>") == page.count('<pre role="group"') == 3
    assert 'aria-label="might_sleep(), task 2"' in page
    assert "&amp;kvm-&gt;lock" in page
    assert "&kvm" not in page


def test_bad_input_is_refused_with_a_reason() -> None:
    with pytest.raises(ScheduleError, match="step 3 picks task 1"):
        sevviz.splat("naive", "double", "1 2 1")
    with pytest.raises(SevvizError, match="leave out the ~"):
        sevviz.splat("v4", "weak", "1 1 1 1 1 1 1 1 1 1~")


def test_the_command_prints_the_log_and_says_by_its_status_whether_there_is_one(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["splat", "naive", "--schedule", "1 2"]) == 1
    assert RECURSIVE in capsys.readouterr().out
    assert main(["splat", "naive_killable", "--schedule", "1 2", "--plain", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["reports"] == []
    assert found["silences"][0] == "This is a deadlock, and the log stays empty."
    assert main(["splat", "naive", "--schedule", "1 2 1"]) == 2
    assert "step 3 picks task 1" in capsys.readouterr().err


@pytest.mark.parametrize("scheme", sevviz.scheme_names())
def test_every_scheme_has_a_log_in_every_scenario_and_who_hangs_never_goes_on(scheme: str) -> None:
    """Along a shortest schedule to each outcome and each fault; the state graph knows who can still step."""
    for scenario in ("double", "self", "signal", "ring3", "retry", "weak"):
        verdict = sevviz.check(scheme, scenario)
        schedules = [one.schedule for one in verdict.outcomes] + [one.schedule for one in verdict.faults]
        for schedule in {one for one in schedules if min(one, default=0) > -OVERTAKE}:
            shown = splat_of(verdict.program, schedule)
            hung = {report.task for report in shown.reports if report.kind in ("hung-task", "soft-lockup")}
            end = sevviz.run(verdict.program, schedule).states[-1]
            assert not hung & still_stepping(verdict, verdict.graph.states.index(end)), (scenario, schedule)


def still_stepping(verdict: sevviz.Verdict, start: int) -> set[int]:
    """The tasks that step in some continuation without a signal."""
    todo, met, actors = [start], {start}, set[int]()
    while todo:
        for actor, target in verdict.graph.edges[todo.pop()]:
            if actor > 0:
                actors.add(actor)
                todo += {target} - met
                met.add(target)
    return actors


def test_where_locks_are_compared_the_log_has_the_result_and_the_silence_its_reason() -> None:
    told = sevviz.splat("naive_ordered", "double", "1 1")
    assert told.reports[0].lines[7:10] == (
        "but task is already holding lock:",
        "ffff888104a010a0 (&kvm->lock){+.+.}-{3:3}, at: migrate",
        "and the lock comparison function returns 1:",
    )
    assert sevviz.splat("naive_ordered", "double", "2 2 2 2 2 2 1 1").silences[-1] == (
        "lockdep can compare A.lock with others of its class by address, but does so only where a task's chain of "
        "classes is new. After one nesting in order it does not look."
    )
    assert "function returns 0:" in str(sevviz.splat("naive_ordered", "self", "1"))


def test_a_lock_that_nobody_initialised_takes_every_later_word_of_lockdep_with_it() -> None:
    told = sevviz.splat("v4_uninitialised", "double", "1 1 1 1")
    assert [report.kind for report in told.reports] == ["non-static-key", "sleeping-function"]
    assert told.reports[1].lines[-1] == "INFO: lockdep is turned off."


CORNERS = Path(__file__).parent / "kernel"


def test_a_subclass_is_compared_with_nothing() -> None:
    """What a kernel prints of two locks of `&kvm->lock/1` (tests/kernel/ordered.c in test_splat_kernel.py)."""
    steps = ("1 " * 12).strip()
    told = sevviz.splat(CORNERS / "ordered.c", make_scenario("x", {"tasks": ["migrate(A, B)"]}), steps)
    assert [report.kind for report in told.reports] == ["recursive"]
    assert "(&kvm->lock/1)" in str(told)
    assert "comparison function" not in str(told)


def test_two_vcpus_of_one_vm_are_told_as_a_kernel_told_them_in_april_2022() -> None:
    """20220407195908.633003-1-pgonda@google.com has the report: the same words, classes and held locks."""
    (told,) = sevviz.splat("linux_5_16", "uncontended", "1 1 1 1 1 1 1").reports
    assert told.kind == "recursive"
    assert [re.sub(r"^.*\((&.*)\).*", r"\1", line) for line in told.lines if "{+.+.}" in line] == [
        "&vcpu->mutex", "&vcpu->mutex", "&kvm->lock", "&kvm->lock/1", "&vcpu->mutex",
    ]  # fmt: skip


def test_a_nest_lock_is_why_lockdep_says_nothing() -> None:
    told = sevviz.splat("linux_6_16", "uncontended", "1 1 1 1 1 1 1")
    assert told.reports == ()
    assert told.silences[-2] == (
        "lockdep is silent on the order: in mutex_lock_killable_nest_lock(B.vcpu0.mutex, B.lock) the second lock is a "
        "nest lock. Who holds it may take any number of locks of the class, in any order, and lockdep neither compares "
        "nor remembers them."
    )


def test_a_nest_lock_that_is_not_held_is_named_by_its_class() -> None:
    told = sevviz.splat(CORNERS / "nest_lock_not_held.c", "double", "1 1 1 1")
    (report,) = told.reports
    assert report.kind == "nest-lock-not-held"
    assert report.lines[1] == "WARNING: Nested lock was not taken"
    assert report.lines[report.lines.index("but this task is not holding:") + 1] == "&kvm->lock"


def test_a_lock_that_nobody_initialised_has_no_name_when_it_is_given_back() -> None:
    told = sevviz.splat(CORNERS / "uninitialised.c", "self", "1")
    assert "task1/101 is trying to release lock ((null)) at:" in told.reports[0].lines


def test_the_last_step_of_a_task_may_be_a_fault_with_a_spinlock_held() -> None:
    told = sevviz.splat(CORNERS / "one_name.c", "uncontended", "1 1 1 1 1 1")
    assert [report.kind for report in told.reports] == ["bad-unlock", "scheduling-while-atomic"]
