"""What lockdep says of a trace: classes, not locks; one report; silence."""

from __future__ import annotations

import pytest

import sevviz
from sevviz.catalogue import make_scenario
from sevviz.errors import SevvizError
from sevviz.heldlocks import LockClass
from sevviz.lockdep import Lockdep, Report, lockdep_reports

SCHEME = """/*
 * title: A scheme of the test
 * source: tests/test_lockdep.py
 * entry: migrate
 */
static DEFINE_MUTEX(outer);
static DEFINE_SPINLOCK(gate);
static DEFINE_SPINLOCK(wicket);

static int migrate(struct kvm *dst, struct kvm *src)
{
%s
	return 0;
}
"""


def reports(body: str, schedule: str, *tasks: str) -> list[tuple[str, int, str]]:
    return [(report.kind, report.task, str(report.lock)) for report in full_reports(body, schedule, *tasks)]


def full_reports(body: str, schedule: str, *tasks: str) -> tuple[Report, ...]:
    lines = "\n".join(f"\t{line}" for line in body.split("\n"))
    tasks = tasks or ("migrate(B, A)", "migrate(A, B)")
    program = sevviz.program(SCHEME % lines, tasks=tasks, signals="!" in schedule)
    return lockdep_reports(sevviz.run(program, sevviz.parse_schedule(schedule, len(program.tasks))))


def locked(*names: str) -> str:
    """C that takes mutexes one inside the other and gives them back, last one first."""
    places = [name if name == "outer" else f"dst->{name}" for name in names]
    taken = [f"mutex_lock(&{place});" for place in places]
    return "\n".join(taken + [f"mutex_unlock(&{place});" for place in reversed(places)])


def naive(nested: str = "") -> str:
    second = "mutex_lock_nested(&src->lock, SINGLE_DEPTH_NESTING);" if nested else "mutex_lock(&src->lock);"
    return f"mutex_lock(&dst->lock);\n{second}\nmutex_unlock(&src->lock);\nmutex_unlock(&dst->lock);"


def test_two_mutexes_of_one_class_are_recursive_even_without_contention() -> None:
    assert reports(naive(), "1 1 1 1 2 2 2 2") == [("recursive", 1, "lock")]


def test_the_real_deadlock_gets_the_same_word_recursive_and_never_circular() -> None:
    assert reports(naive(), "1 2") == [("recursive", 1, "lock")]


def test_an_annotated_nesting_makes_lockdep_silent_while_two_tasks_hang() -> None:
    trace = sevviz.run(sevviz.program(SCHEME % naive("nested")), (1, 2))
    assert lockdep_reports(trace) == ()
    assert sevviz.check(SCHEME % naive("nested")).deadlocks


def test_two_classes_in_both_orders_are_circular_though_nothing_overlaps() -> None:
    body = (
        "struct mutex *one = dst < src ? &outer : &dst->lock;\nstruct mutex *two = dst < src ? &dst->lock : &outer;\n"
        "mutex_lock(one);\nmutex_lock(two);\nmutex_unlock(two);\nmutex_unlock(one);"
    )
    assert reports(body, "1 1 1 1 2 2 2 2") == [("circular", 2, "lock")]
    assert reports(body, "1 1 1 1") == []


def test_an_annotation_silences_both_orders_even_where_nothing_overlaps_or_the_classes_differ() -> None:
    """Without it, the first is recursive and the second circular; a kernel prints nothing for either."""
    assert reports(naive("nested"), "1 1 1 1 2 2 2 2") == []
    body = (
        "struct mutex *one = dst < src ? &outer : &dst->lock;\nstruct mutex *two = dst < src ? &dst->lock : &outer;\n"
        "mutex_lock(one);\nmutex_lock_nested(two, SINGLE_DEPTH_NESTING);\nmutex_unlock(two);\nmutex_unlock(one);"
    )
    assert reports(body, "1 1 1 1 2 2 2 2") == []


def test_a_mutex_inside_a_spinlock_is_an_invalid_wait_context_before_anything_else() -> None:
    body = "spin_lock(&gate);\nmutex_lock(&dst->lock);\nmutex_lock(&src->lock);\n"
    body += "mutex_unlock(&src->lock);\nmutex_unlock(&dst->lock);\nspin_unlock(&gate);"
    assert reports(body, "1 1 1 1 1 1") == [("invalid-wait-context", 1, "lock")]


def test_a_trylock_is_never_reported() -> None:
    body = "mutex_lock(&dst->lock);\nif (mutex_trylock(&src->lock))\n\tmutex_unlock(&src->lock);\n"
    body += "mutex_unlock(&dst->lock);"
    assert reports(body, "1 1 1 1 2 2 2 2") == []


def test_giving_back_what_is_not_held_is_a_bad_unlock() -> None:
    assert reports("mutex_unlock(&dst->lock);", "1") == [("bad-unlock", 1, "lock")]


def test_returning_with_a_lock_is_reported_at_the_return() -> None:
    assert reports("mutex_lock(&dst->lock);", "1") == [("held-at-return", 1, "lock")]


@pytest.mark.parametrize(
    ("task", "retry"), [("migrate(B, A); migrate(A, B)", 0), ("migrate(A, B); migrate(B, A)", 1)], ids=["next", "again"]
)
def test_a_call_that_is_not_the_last_of_its_task_returns_too(task: str, retry: int) -> None:
    """Each call of a task is an ioctl of its own, and so is each attempt."""
    code = SCHEME % "\tmutex_lock(&dst->lock);\n\tif (dst < src)\n\t\treturn -EBUSY;"
    program = sevviz.program(code, make_scenario("mine", {"tasks": [task], "retry": retry}))
    assert program.position(sevviz.run(program, (1,)).states[-1], 0).operation is not None
    (found,) = lockdep_reports(sevviz.run(program, (1,)))
    assert (found.kind, len(found.held)) == ("held-at-return", 1)


OUT_OF_ORDER = """mutex_lock(&outer);
mutex_lock(&dst->between);
mutex_lock(&dst->inner);
mutex_unlock(&dst->between);
mutex_unlock(&dst->inner);
mutex_unlock(&outer);"""
CHOICE = "if (dst < src) {{\n{}\n}} else {{\n{}\n}}"
OUTWARDS = """mutex_lock(&dst->inner);
mutex_lock(&outer);
mutex_unlock(&outer);
mutex_unlock(&dst->inner);"""


def test_a_release_that_is_not_of_the_last_lock_takes_the_later_ones_anew() -> None:
    """Three locks in a chain; once the middle one is given back, there is an arrow from the outer to the inner one."""
    body = CHOICE.format(OUT_OF_ORDER, OUTWARDS)
    (before,) = full_reports(body, "1 1 1 2", "migrate(A, B)", "migrate(B, A)")
    assert [str(lock) for lock in before.path] == ["outer", "between", "inner"]
    (after,) = full_reports(body, "1 1 1 1 2", "migrate(A, B)", "migrate(B, A)")
    assert [str(lock) for lock in after.path] == ["outer", "inner"]


def test_what_was_tried_is_not_looked_at_when_it_is_taken_anew() -> None:
    body = CHOICE.format(OUT_OF_ORDER.replace("mutex_lock(&dst->inner);", "mutex_trylock(&dst->inner);"), OUTWARDS)
    assert reports(body, "1 1 1 1 1 1 2 2 2 2", "migrate(A, B)", "migrate(B, A)") == []


def test_behind_what_was_tried_the_lock_before_it_gets_an_arrow_too() -> None:
    body = CHOICE.format(OUT_OF_ORDER.replace("mutex_lock(&dst->between);", "mutex_trylock(&dst->between);"), OUTWARDS)
    (found,) = full_reports(body, "1 1 1 2", "migrate(A, B)", "migrate(B, A)")
    assert [str(lock) for lock in found.path] == ["outer", "inner"]


def test_a_trylock_is_not_reported_however_many_locks_are_held() -> None:
    assert reports("mutex_lock(&dst->lock);\nmutex_lock(&outer);\nmutex_trylock(&src->lock);", "1 1") == []


def test_the_way_that_is_shown_is_a_shortest_one() -> None:
    """From outer to last there are two ways: through one other, and through two whose first arrow is the later one."""
    pairs = [
        ("outer", "by"),
        ("outer", "along"),
        ("along", "further"),
        ("further", "last"),
        ("by", "last"),
        ("last", "outer"),
    ]
    (found,) = full_reports("\n".join(locked(*pair) for pair in pairs), " ".join("1" * 22), "migrate(A, B)")
    assert [str(lock) for lock in found.path] == ["outer", "by", "last"]


def test_the_report_is_against_the_first_of_several_locks_of_one_class() -> None:
    body = "mutex_lock(&dst->lock);\nmutex_trylock(&src->lock);\nmutex_lock(&dst->lock);"
    (found,) = full_reports(body, "1 1", "migrate(A, B)")
    assert found.against is found.held[0]


def test_the_report_is_against_the_first_of_several_spinlocks() -> None:
    (found,) = full_reports("spin_lock(&gate);\nspin_lock(&wicket);\nmutex_lock(&outer);", "1 1 1", "migrate(A, B)")
    assert found.against is found.held[0]
    assert str(found.held[0].lock) == "gate"


def test_who_gives_up_waiting_has_the_lock_no_longer_on_its_list() -> None:
    body = "if (mutex_lock_killable(&outer))\n\treturn -EINTR;\nmutex_unlock(&outer);"
    assert reports(body, "1 2! 2 1") == []


def test_of_a_lock_that_is_held_and_wanted_the_wanted_one_is_given_up() -> None:
    body = "mutex_lock(&dst->lock);\nmutex_lock_killable_nested(&dst->lock, SINGLE_DEPTH_NESTING);"
    assert reports(body, "1! 1 1", "migrate(A, B)") == [("held-at-return", 1, "lock")]


def test_a_class_is_shown_with_its_subclass() -> None:
    assert str(LockClass("lock", 1)) == "lock/1"


ORDERED = SCHEME.replace("entry: migrate", "entry: migrate\n * ordered: lock")
FIRST, SECOND = "dst < src ? dst : src", "dst < src ? src : dst"


def ordered_reports(body: str, schedule: str, *tasks: str) -> list[tuple[str, int, str]]:
    program = sevviz.program(ORDERED % body, tasks=tasks or ("migrate(B, A)", "migrate(A, B)"))
    found = lockdep_reports(sevviz.run(program, sevviz.parse_schedule(schedule, len(program.tasks))))
    return [(report.kind, report.task, str(report.lock)) for report in found]


def test_a_comparison_function_objects_where_the_higher_address_comes_first() -> None:
    assert ordered_reports(naive(), "1 1 1 1 2 2 2 2") == [("recursive", 1, "lock")]


def test_a_comparison_function_is_not_asked_again_once_the_chain_of_classes_is_known() -> None:
    assert ordered_reports(naive(), "2 2 2 2 1 1 1 1") == []


@pytest.mark.parametrize(("first", "said"), [(1, "recursive"), (2, "")])
def test_one_deadlock_is_told_or_not_by_who_asks_first_for_the_second_lock(first: int, said: str) -> None:
    program = sevviz.program(ORDERED % naive())
    trace, checker = sevviz.run(program, (1, 2)), Lockdep(program)
    for task, state in ((1, 0), (2, 1), (first, 2), (3 - first, 2)):
        operation = program.position(trace.states[state], task - 1).operation
        assert operation is not None
        checker.acquire(task, operation)
    assert (checker.report.kind if checker.report else "") == said


def test_address_order_needs_no_annotation_where_lockdep_can_compare() -> None:
    body = f"struct kvm *first = {FIRST}, *second = {SECOND};\nmutex_lock(&first->lock);\nmutex_lock(&second->lock);\n"
    body += "mutex_unlock(&second->lock);\nmutex_unlock(&first->lock);"
    assert ordered_reports(body, "1 1 1 1 2 2 2 2") == []
    assert reports(body, "1 1 1 1 2 2 2 2") == [("recursive", 1, "lock")]


def test_one_lock_taken_twice_is_in_no_order() -> None:
    assert ordered_reports(naive(), "1", "migrate(A, A)") == [("recursive", 1, "lock")]


def test_the_comparison_function_belongs_to_the_class_without_a_subclass() -> None:
    body = "mutex_lock_nested(&dst->lock, 1);\nmutex_lock_nested(&src->lock, 1);"
    assert ordered_reports(body, "1 1", "migrate(A, B)") == [("recursive", 1, "lock/1")]


def test_two_locks_in_order_make_no_dependency_but_what_is_inside_them_does() -> None:
    body = "if (dst < src) {\nmutex_lock(&dst->lock);\nmutex_lock(&src->lock);\nmutex_lock(&outer);\n"
    body += "mutex_unlock(&outer);\nmutex_unlock(&src->lock);\nmutex_unlock(&dst->lock);\nreturn 0;\n}\n"
    body += "mutex_lock(&outer);\nmutex_lock(&dst->lock);"
    assert ordered_reports(body, "2 2 2 2 2 2 1 1") == [("circular", 1, "lock")]


UNINITIALISED = SCHEME.replace("entry: migrate", "entry: migrate\n * uninitialised: latch")


@pytest.mark.parametrize("take", ["spin_lock(&dst->latch);", "if (!spin_trylock(&dst->latch))\n\t\treturn -EBUSY;"])
def test_of_a_lock_that_nobody_initialised_lockdep_says_so_and_no_more(take: str) -> None:
    program = sevviz.program(UNINITIALISED % f"{take}\nmutex_lock(&dst->lock);", tasks=("migrate(A, B)",))
    (found,) = lockdep_reports(sevviz.run(program, (1, 1)))
    assert (found.kind, found.task, str(found.lock), found.held) == ("non-static-key", 1, "latch", ())


@pytest.mark.parametrize(
    ("scheme", "said"),
    [
        ("naive", ["recursive"]),
        ("naive_ordered", ["recursive"]),
        ("v4_uninitialised", ["non-static-key"]),
        ("v4", ["invalid-wait-context"]),
        ("migration_lock_both", ["invalid-wait-context"]),
        ("spinlocks_alone", []),
        ("v3_global_spinlock", ["recursive"]),
        ("flag_then_mutex", ["recursive"]),
        ("trylock_once", []),
        ("address_order", []),
        ("global_mutex", []),
        ("sev_lock_two_vms", []),
        ("v12_vcpus", ["recursive"]),
        ("linux_5_16", ["recursive"]),
        ("linux_6_16", []),
    ],
)
def test_what_lockdep_says_of_one_move_alone(scheme: str, said: list[str]) -> None:
    """The verdicts of the table in the kernel's measurements: false alarms, true ones, silence."""
    verdict = sevviz.check(scheme, "uncontended")
    trace = sevviz.run(verdict.program, verdict.outcomes[0].schedule)
    assert [report.kind for report in lockdep_reports(trace)] == said


def test_a_mutex_of_the_file_and_one_of_each_vm_are_two_classes_though_they_have_one_name() -> None:
    two, (here, there) = SCHEME.replace("DEFINE_MUTEX(outer)", "DEFINE_MUTEX(lock)"), ("&lock", "&dst->lock")
    nest = "mutex_lock({0});\nmutex_lock({1});\nmutex_unlock({1});\nmutex_unlock({0});"
    body = CHOICE.format(nest.format(here, there), nest.format(there, here))
    program = sevviz.program(two % body, tasks=("migrate(A, B)", "migrate(B, A)"))
    assert lockdep_reports(sevviz.run(program, (1, 1, 1, 1))) == ()
    (found,) = lockdep_reports(sevviz.run(program, (1, 1, 1, 1, 2, 2)))
    assert (found.kind, [lock.shared for lock in found.path]) == ("circular", [True, False])


VCPUS = SCHEME.replace(
    "static int migrate",
    "static struct kvm_vcpu *vcpu(struct kvm *kvm, int i)\n"
    "{\n\treturn i == 0 ? &kvm->vcpu0 : &kvm->vcpu1;\n}\n\nstatic int migrate",
)
NEST = "mutex_lock_nest_lock(&vcpu(dst, {})->mutex, &{});"
BOTH = "mutex_lock(&dst->lock);\n{}\n{}\n"


def vcpu_reports(body: str, schedule: str) -> tuple[Report, ...]:
    program = sevviz.program(VCPUS % body, tasks=("migrate(A, B)",), signals="!" in schedule)
    return lockdep_reports(sevviz.run(program, sevviz.parse_schedule(schedule, 1)))


def vcpu(number: int, nest: str = "") -> str:
    """C that takes the mutex of one of two vCPUs."""
    return NEST.format(number, nest) if nest else f"mutex_lock(&vcpu(dst, {number})->mutex);"


def test_the_mutexes_of_two_vcpus_are_of_one_class() -> None:
    (found,) = vcpu_reports(f"{vcpu(0)}\n{vcpu(1)}", "1 1")
    assert (found.kind, str(found.lock), [held.object for held in found.held]) == ("recursive", "kvm_vcpu->mutex", [0])
    fields = "mutex_lock(&dst->vcpu0.mutex);\nmutex_lock(&dst->vcpu1.mutex);"  # no pointer says what they are
    assert reports(fields, "1 1", "migrate(A, B)") == [("held-at-return", 1, "vcpu1.mutex")]


def test_under_a_nest_lock_any_number_of_one_class_is_one_entry_of_the_list() -> None:
    body = BOTH.format(vcpu(1, "dst->lock"), vcpu(0, "dst->lock"))
    (found,) = vcpu_reports(body, "1 1 1")
    assert found.kind == "held-at-return"
    assert [(str(held.lock), held.references) for held in found.held] == [("lock", 0), ("kvm_vcpu->mutex", 2)]
    given = "".join(f"mutex_unlock(&vcpu(dst, {n})->mutex);\n" for n in (1, 0)) + "mutex_unlock(&dst->lock);"
    assert vcpu_reports(body + given, "1 1 1 1 1 1") == ()


def test_a_nest_lock_must_be_held() -> None:
    (found,) = vcpu_reports(f"mutex_lock(&dst->lock);\nmutex_unlock(&dst->lock);\n{vcpu(0, 'dst->lock')}", "1 1 1")
    assert (found.kind, found.held) == ("nest-lock-not-held", ())


def test_a_lock_taken_without_the_nest_lock_cannot_stand_for_a_later_one() -> None:
    (found,) = vcpu_reports(BOTH.format(vcpu(0), vcpu(1, "dst->lock")), "1 1 1")
    assert found.kind == "nest-lock-mixed"


def test_a_nest_lock_excuses_only_what_was_taken_after_it() -> None:
    between = "mutex_lock(&outer);\n"
    after = f"mutex_lock(&dst->lock);\n{vcpu(0)}\n{between}{vcpu(1, 'dst->lock')}\nmutex_lock(&dst->slots);"
    assert [report.kind for report in vcpu_reports(after, "1 1 1 1")] == []
    late = f"{vcpu(0)}\n{between}{vcpu(1, 'outer')}"
    assert [report.kind for report in vcpu_reports(late, "1 1 1")] == ["recursive"]


def test_under_a_nest_lock_no_dependency_is_kept() -> None:
    """`outer` is taken between two of one class, both under a nest lock: the arrow outer → vCPU would close a ring."""
    take = [vcpu(0, "dst->lock"), "mutex_lock(&outer);", vcpu(1, "dst->lock")]
    give = ["mutex_unlock(&vcpu(dst, 1)->mutex);", "mutex_unlock(&outer);", "mutex_unlock(&vcpu(dst, 0)->mutex);"]
    body = "\n".join(["mutex_lock(&dst->lock);", *take, *give, "mutex_unlock(&dst->lock);"])
    assert vcpu_reports(body, " ".join("1" * 8)) == ()
    assert vcpu_reports(body.replace(take[2], "mutex_lock(&vcpu(dst, 1)->mutex);"), "1 1 1 1")[0].kind == "recursive"


def test_who_gives_up_waiting_under_a_nest_lock_is_counted_no_more() -> None:
    body = "mutex_lock(&dst->lock);\n" + vcpu(0, "dst->lock")
    body += "\nif (mutex_lock_killable_nest_lock(&vcpu(src, 0)->mutex, &dst->lock)) {\n"
    body += "mutex_unlock(&vcpu(dst, 0)->mutex);\nmutex_unlock(&dst->lock);\nreturn -EINTR;\n}"
    program = sevviz.program(VCPUS % body, tasks=("migrate(A, B)", "vcpu_run(B)"), signals=True)
    assert lockdep_reports(sevviz.run(program, sevviz.parse_schedule("2 1 1 1! 1 1 1", 2))) == ()


def test_a_task_without_a_cpu_asks_for_nothing() -> None:
    """Task 2 holds A.lock and stands at that of B; task 1 keeps the only CPU with a spinlock."""
    body = "if (dst < src) {\nmutex_lock(&dst->lock);\nmutex_lock(&src->lock);\nreturn 0;\n}\n"
    one = make_scenario("one", {"tasks": ["migrate(B, A)", "migrate(A, B)"], "cpus": 1})
    program = sevviz.program(SCHEME % f"{body}spin_lock(&gate);\nspin_unlock(&gate);", one)
    assert lockdep_reports(sevviz.run(program, (2, 1))) == ()
    assert [report.kind for report in lockdep_reports(sevviz.run(program, (2, 1, 1, 2)))] == ["recursive"]


def test_who_is_compared_by_address_must_have_a_known_place() -> None:
    ordered = VCPUS.replace("entry: migrate", "entry: migrate\n * ordered: vcpu0.mutex")
    with pytest.raises(SevvizError) as error:
        sevviz.program(ordered % f"{vcpu(0)}\n{vcpu(1)}")
    assert str(error.value) == (
        "scheme.c: the header's ordered field 'vcpu0.mutex' is in a struct that a VM has several of: their order in "
        "memory is not known"
    )
