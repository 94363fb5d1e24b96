"""What a scenario adds to the calls (design.md, contract 2): retries, initial values, bystanders, sequences."""

from __future__ import annotations

from toys import (
    ALONE,
    HOLD,
    SAME,
    follow,
    program,
    results,
    verdict,
)

# What a scenario adds to the calls (design.md, contract 2).

BUSY = "if (atomic_cmpxchg(&dst->f, 0, 1)) return -EBUSY; atomic_set(&dst->f, 0); return 0;"


def test_retry_n_calls_again_n_times_after_ebusy() -> None:
    for retry in range(4):
        made = program(BUSY, ALONE, initial=(("B.f", 1),), retry=retry)
        trace = follow(made, "1" * (retry + 1))
        assert results(trace) == [-16]
        assert made.position(trace.states[-1], 0).attempt == retry + 1


def test_a_retry_costs_no_step() -> None:
    """Failing is one step, and the next step is the first of the next attempt."""
    made = program(BUSY, *SAME, retry=1)
    trace = follow(made, "1212 2")
    assert [taken.operation and taken.operation.text for taken in trace.steps] == [
        "atomic_cmpxchg(B.f, 0, 1)", "atomic_cmpxchg(B.f, 0, 1)", "atomic_set(B.f, 0)",
        "atomic_cmpxchg(B.f, 0, 1)", "atomic_set(B.f, 0)",
    ]  # fmt: skip
    assert results(trace) == [0, 0]


def test_retry_for_ever_does_not_count_so_that_the_graph_stays_finite() -> None:
    found = verdict(BUSY, ALONE, initial=(("B.f", 1),), retry=None)
    assert len(found.graph.states) == 1
    assert found.graph.edges == (((1, 0),),)


def test_only_ebusy_is_retried() -> None:
    made = program(BUSY.replace("EBUSY", "EINTR"), ALONE, initial=(("B.f", 1),), retry=None)
    assert results(follow(made, "1")) == [-4]


def test_initial_sets_a_field_before_the_first_step() -> None:
    assert results(follow(program("return src->f;", ALONE, initial=(("A.f", 5),)), "1")) == [5]


def test_the_bystander_locks_and_unlocks_the_mutex_of_one_vm() -> None:
    trace = follow(program(HOLD, ALONE, "ioctl(A)"), "2 2")
    assert [taken.operation and taken.operation.text for taken in trace.steps] == [
        "mutex_lock(A.lock)", "mutex_unlock(A.lock)",
    ]  # fmt: skip
    assert trace.program.sources[1].name == "built-in ioctl"


def test_a_scheme_may_define_its_own_ioctl() -> None:
    before = "static int ioctl(struct kvm *kvm) { return READ_ONCE(kvm->own); }\n"
    assert verdict("return 0;", "ioctl(A)", before=before).graph.program.objects[0].name == "A.own"


def test_a_vcpu_that_runs_keeps_its_mutex_and_can_be_killed_while_it_waits() -> None:
    takes = "mutex_lock(&dst->vcpu0.mutex);\nmutex_unlock(&dst->vcpu0.mutex);\nreturn 0;"
    made = program(takes, ALONE, "vcpu_run(B)", "vcpu_run(A)", signals=True)
    assert made.sources[1].name == "built-in vcpu_run"
    assert results(follow(made, "1 2! 2 1 3 3")) == [0, -4, 0]
    assert results(follow(made, "2 1! 2 1 1 3 3")) == [0, 0, 0]


def test_a_scheme_may_be_put_beside_both_bystanders_at_once() -> None:
    made = program(HOLD, "vcpu_run(A); ioctl(A)", "ioctl(B)")
    assert [source.name for source in made.sources[1:]] == ["built-in ioctl", "built-in vcpu_run"]
    assert results(follow(made, "1 1 1 1 2 2")) == [0, 0]


def test_a_scheme_may_define_its_own_vcpu_run() -> None:
    before = "static int vcpu_run(struct kvm *kvm) { return READ_ONCE(kvm->own); }\n"
    assert verdict("return 0;", "vcpu_run(A)", before=before).graph.program.objects[0].name == "A.own"


def test_one_task_may_make_calls_one_after_the_other() -> None:
    trace = follow(program(HOLD, "migrate(B, A); migrate(A, B)"), "1111")
    assert [taken.operation and taken.operation.text for taken in trace.steps] == [
        "mutex_lock(B.lock)", "mutex_unlock(B.lock)", "mutex_lock(A.lock)", "mutex_unlock(A.lock)",
    ]  # fmt: skip
    assert trace.program.tasks[0].label == "migrate(B, A); migrate(A, B)"
