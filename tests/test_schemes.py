"""What is known of the schemes, as one table.

The rows are from the messages of the thread and from operation lists worked out step by step, not from running this
program. `returns` are all results that are reachable, in the order of the tasks.
"""

from __future__ import annotations

import re
from itertools import product
from typing import TYPE_CHECKING, NamedTuple

import pytest

import sevviz
from sevviz.catalogue import make_scenario
from sevviz.interpreter import moves

if TYPE_CHECKING:
    from sevviz.model import Program
    from sevviz.verdict import Verdict

Returns = frozenset[tuple[str | None, ...]]


class Row(NamedTuple):
    """One scheme in one scenario. `deadlock`: its shortest schedule and the locks waited for, in the order of tasks."""

    scheme: str
    scenario: str
    returns: Returns
    deadlock: tuple[int, tuple[str, ...]] | None = None
    faults: frozenset[str] = frozenset()
    livelock: bool = False


def every(*results: str, tasks: int = 2) -> Returns:
    """Every combination of results."""
    return frozenset(product(results, repeat=tasks))


def not_all(error: str) -> Returns:
    """Every combination of success and an error for two tasks, except that both fail."""
    return every("0", error) - {(error, error)}


def only(*results: str) -> Returns:
    """One combination of results."""
    return frozenset([results])


def after_one(error: str) -> Returns:
    """A success and an error, either way round."""
    return not_all(error) - BOTH


BOTH = only("0", "0")
NONE: Returns = frozenset()
SLEEPS = frozenset({"sleep-in-atomic"})
ALONE_STUCK = frozenset({"self-deadlock"})
MUTEXES = ("A.lock", "B.lock")
SPINLOCKS = ("A.migration_lock", "B.migration_lock")

KILLED = ("-EINTR",)
# A→B takes SEV from A alone: then C→A finds it gone or is sent away earlier, and B→C fails for a flag or not at all.
# With two successes, such as C→A and then A→B, the third finds C without SEV, or a flag.
RING_OF_V5 = frozenset(
    ring[turn:] + ring[:turn]
    for turn in range(3)
    for ring in [
        *product(("0",), ("-EBUSY",), ("-EBUSY", "-EINVAL")),
        *product(("0",), ("-EBUSY", "-EINVAL"), ("0",)),
        ("-EBUSY", "-EBUSY", "-EBUSY"),
    ]
)

# Flags, locks, the test that the destination is no SEV VM, and the mutexes of all vCPUs.
WHOLE = ("v8_vcpus", "v9_vcpus", "v12_vcpus", "linux_5_16", "linux_6_16")

TABLE = [
    # One move that nobody disturbs succeeds; V4 sleeps in atomic context even then, and so does migration_lock alone.
    *(Row(scheme, "uncontended", only("0"))
      for scheme in ("naive", "v3_global_spinlock", "flag_then_mutex", "trylock_once", "address_order", "global_mutex",
                     "sev_lock_two_vms", "v1_token", "v5_flag", "tests_under_locks", "spinlocks_alone")),
    *(Row(scheme, "uncontended", only("0"), faults=SLEEPS)
      for scheme in ("v4", "migration_lock_both", "migration_lock_called")),
    # There and back by one task. V5 to V7 want a SEV VM, and the first move takes that from its source; a VM that has
    # sent its state has a token for good; a dead VM is dead. The locks alone leave nothing behind.
    *(Row(scheme, "in-turn", only("0")) for scheme in ("naive", "flag_then_mutex", "sev_lock_two_vms", *WHOLE)),
    Row("v4", "in-turn", only("0"), faults=SLEEPS),
    Row("v5_flag", "in-turn", only("-EINVAL")),
    Row("v1_token", "in-turn", only("-EPERM")),
    Row("dead_vm", "in-turn", only("-EIO")),
    # The double migration of the thread.
    Row("naive", "double", BOTH, (2, MUTEXES)),
    # Tested at entry only: B→A can be inside already when A dies, and moves back into it. Tested again: it cannot.
    Row("dead_vm", "double", BOTH | after_one("-EIO")),
    Row("dead_vm_fixed", "double", after_one("-EIO")),
    Row("v3_global_spinlock", "double", every("0", "-EINVAL")),
    Row("v4", "double", every("0", "-EBUSY"), faults=SLEEPS),
    Row("flag_then_mutex", "double", every("0", "-EBUSY")),
    Row("migration_lock_both", "double", BOTH, (4, SPINLOCKS), SLEEPS),
    Row("migration_lock_called", "double", BOTH, (4, MUTEXES), SLEEPS),
    Row("spinlocks_alone", "double", BOTH, (2, SPINLOCKS)),
    Row("trylock_once", "double", every("0", "-EBUSY")),
    Row("address_order", "double", BOTH),
    Row("global_mutex", "double", BOTH),
    Row("sev_lock_two_vms", "double", every("0", "-EBUSY")),
    # With a token, a VM that has sent receives nothing: at most one wins, and none once both tokens are out.
    Row("v1_token", "double", every("0", "-EPERM") - BOTH),
    # Whoever comes second may find that a VM is no SEV VM any more.
    Row("v5_flag", "double", after_one("-EBUSY") | after_one("-EINVAL") | only("-EBUSY", "-EBUSY")),
    Row("tests_under_locks", "double", BOTH, (2, MUTEXES)),
    # A winner is guaranteed where both flags are claimed in one critical section, or in address order.
    Row("flags_one_section", "double", not_all("-EBUSY")),
    Row("flags_address_order", "double", not_all("-EBUSY")),
    # Moves that share one VM, or follow each other: naive closes no cycle, and the flags never fail everyone.
    *(Row(scheme, scenario, BOTH)
      for scheme in ("naive", "spinlocks_alone")
      for scenario in ("same", "shared-source", "shared-destination", "chain")),
    *(Row("flag_then_mutex", scenario, not_all("-EBUSY"))
      for scenario in ("same", "shared-source", "shared-destination", "chain")),
    *(Row("sev_lock_two_vms", scenario, not_all("-EBUSY"))
      for scenario in ("same", "shared-source", "shared-destination", "chain")),
    *(Row("v3_global_spinlock", scenario, not_all("-EINVAL"))
      for scenario in ("same", "shared-source", "shared-destination", "chain")),
    *(Row("v4", scenario, not_all("-EBUSY"), faults=SLEEPS)
      for scenario in ("same", "shared-source", "shared-destination", "chain")),
    # A source is sent once, and a VM receives once. B may receive before it sends, and not after that.
    *(Row("v1_token", scenario, after_one("-EPERM")) for scenario in ("same", "shared-source", "shared-destination")),
    Row("v1_token", "chain", BOTH | only("-EPERM", "0")),
    *(Row("v5_flag", scenario, after_one("-EBUSY") | after_one("-EINVAL")) for scenario in ("same", "shared-source")),
    Row("v5_flag", "shared-destination", not_all("-EBUSY")),
    Row("v5_flag", "chain", not_all("-EBUSY") | only("-EINVAL", "0")),
    # Three moves in a ring: no two of them are opposite.
    Row("naive", "ring3", only("0", "0", "0"), (3, ("A.lock", "B.lock", "C.lock"))),
    Row("spinlocks_alone", "ring3", only("0", "0", "0"), (3, (*SPINLOCKS, "C.migration_lock"))),
    Row("flag_then_mutex", "ring3", every("0", "-EBUSY", tasks=3)),
    Row("sev_lock_two_vms", "ring3", every("0", "-EBUSY", tasks=3)),
    Row("v4", "ring3", every("0", "-EBUSY", tasks=3), faults=SLEEPS),
    Row("v3_global_spinlock", "ring3", every("0", "-EINVAL", tasks=3)),
    Row("v1_token", "ring3", every("0", "-EPERM", tasks=3) - only("0", "0", "0")),
    Row("v5_flag", "ring3", RING_OF_V5),
    Row("tests_under_locks", "ring3", only("0", "0", "0"), (3, ("A.lock", "B.lock", "C.lock"))),
    Row("address_order", "ring3", only("0", "0", "0")),
    Row("global_mutex", "ring3", only("0", "0", "0")),
    # A VM moved onto itself.
    Row("naive", "self", NONE, (1, ("A.lock",)), ALONE_STUCK),
    Row("address_order", "self", NONE, (1, ("A.lock",)), ALONE_STUCK),
    Row("address_order_checked", "self", only("-EINVAL")),
    Row("migration_lock_both", "self", NONE, (2, ("A.migration_lock",)), ALONE_STUCK | SLEEPS),
    Row("spinlocks_alone", "self", NONE, (1, ("A.migration_lock",)), ALONE_STUCK),
    Row("migration_lock_called", "self", NONE, (2, ("A.lock",)), ALONE_STUCK | SLEEPS),
    Row("flag_then_mutex", "self", only("-EBUSY")),
    Row("v3_global_spinlock", "self", only("-EINVAL")),
    Row("v4", "self", only("-EBUSY"), faults=SLEEPS),
    Row("trylock_once", "self", only("-EBUSY")),
    Row("global_mutex", "self", only("-EINVAL")),
    Row("sev_lock_two_vms", "self", only("-EINVAL")),
    Row("v1_token", "self", only("-EPERM")),
    Row("v5_flag", "self", only("-EBUSY")),
    Row("tests_under_locks", "self", NONE, (1, ("A.lock",)), ALONE_STUCK),
    # With a bystander: the cycle closes at step 2 whatever C->D does.
    Row("naive", "bystander", only("0", "0", "0"), (2, MUTEXES)),
    Row("spinlocks_alone", "bystander", only("0", "0", "0"), (2, SPINLOCKS)),
    Row("flag_then_mutex", "bystander", frozenset((*pair, "0") for pair in every("0", "-EBUSY"))),
    # An ordinary ioctl knows nothing of flags, and waits for the mutex like everybody.
    Row("naive", "ioctl", only("0", "0", "0"), (2, MUTEXES)),
    Row("spinlocks_alone", "ioctl", only("0", "0", "0"), (2, SPINLOCKS)),
    Row("flag_then_mutex", "ioctl", frozenset((*pair, "0") for pair in every("0", "-EBUSY"))),
    # A vCPU that runs keeps a mutex. Who does not ask for it waits for nobody; who does may be killed while waiting,
    # but not after it has the source's, which comes last: so vcpu_run(A) fails only beside a move that succeeds.
    *(Row(scheme, "running", only("0", "0", "0"))
      for scheme in ("naive", "v1_token", "v5_flag", "tests_under_locks", "flag_then_mutex", "sev_lock_two_vms",
                     "spinlocks_alone")),
    *(Row(scheme, "running", every("0", "-EINTR", tasks=3) - frozenset(product(KILLED, KILLED, ("0", *KILLED))))
      for scheme in ("v12_vcpus", "linux_5_16", "linux_6_16")),
    # KVM_RUN keeps A's vCPU and wants A.lock, the move the other way round: it has both flags and both locks by then.
    # Who is killed waits for A's vCPU, while the other one has it and succeeds; for the locks KVM_RUN waits unkillably.
    Row("vcpu_before_vm", "running", only("0", "0", "0") | only("-EINTR", "0", "0") | only("0", "-EINTR", "0"),
        (5, ("A.lock", "A.vcpu0.mutex"))),
    # The move asks for the vCPU last, when it has all else: beside moves and ioctls it is sev_lock_two_vms.
    *(Row("vcpu_before_vm", scenario, only("0")) for scenario in ("uncontended", "in-turn")),
    Row("vcpu_before_vm", "double", every("0", "-EBUSY")),
    *(Row("vcpu_before_vm", scenario, not_all("-EBUSY"))
      for scenario in ("same", "shared-source", "shared-destination", "chain")),
    Row("vcpu_before_vm", "ring3", every("0", "-EBUSY", tasks=3)),
    Row("vcpu_before_vm", "self", only("-EINVAL")),
    Row("vcpu_before_vm", "retry", BOTH, livelock=True),
    # Two moves into one VM: whoever comes second finds it busy, or a SEV VM by now.
    *(Row(scheme, "shared-destination", after_one("-EBUSY") | after_one("-EINVAL")) for scheme in WHOLE),
    *(Row(scheme, "same", after_one("-EBUSY") | after_one("-EINVAL")) for scheme in WHOLE),
    *(Row(scheme, "double", every("0", "-EBUSY")) for scheme in WHOLE),
    *(Row(scheme, "self", only("-EBUSY" if scheme.startswith("v") else "-EINVAL")) for scheme in WHOLE),
    # The way out of a killed wait is what V8 and V9 have wrong, so no move of theirs returns -EINTR.
    *(Row(scheme, "running", frozenset(product("0", ("0", *KILLED), ("0", *KILLED))),
          faults=frozenset({"unlock-not-held"}))
      for scheme in ("v8_vcpus", "v9_vcpus")),
    # Userspace that calls again after -EBUSY: everybody may get through, and nobody has to.
    Row("flag_then_mutex", "retry", BOTH, livelock=True),
    Row("sev_lock_two_vms", "retry", BOTH, livelock=True),
    Row("trylock_once", "retry", BOTH, livelock=True),
    Row("v5_flag", "retry", after_one("-EINVAL"), livelock=True),
    Row("v1_token", "retry", every("0", "-EPERM") - BOTH),
    Row("naive", "retry", BOTH, (2, MUTEXES)),
    Row("spinlocks_alone", "retry", BOTH, (2, SPINLOCKS)),
    Row("v3_global_spinlock", "retry", every("0", "-EINVAL")),
    # Who has a spinlock keeps its CPU and never sleeps, so it gets on, however many spin for it.
    Row("spinlocks_alone", "cpus", only("0", "0", "0", "0")),
    # A store that overtakes the unlock before it: a newcomer waits a little for a holder who waits for nothing.
    Row("v4", "weak", every("0", "-EBUSY"), faults=SLEEPS),
    Row("flag_then_mutex", "weak", every("0", "-EBUSY")),
]  # fmt: skip


def deadlock_of(found: Verdict) -> tuple[int, tuple[str, ...]] | None:
    """The shortest deadlock as the table has it."""
    if not found.deadlocks:
        return None
    first = min(found.deadlocks, key=lambda outcome: len(outcome.schedule))
    assert first.deadlock is not None
    return len(first.schedule), tuple(sorted(found.program.objects[wait.object].name for wait in first.deadlock.waits))


@pytest.mark.parametrize("row", TABLE, ids=[f"{row.scheme}-{row.scenario}" for row in TABLE])
def test_a_search_finds_what_the_table_says(row: Row) -> None:
    found = sevviz.check(row.scheme, row.scenario)
    assert found.complete
    assert found.returns == row.returns
    assert deadlock_of(found) == row.deadlock
    assert {listed.fault.kind for listed in found.faults} == row.faults
    assert (found.livelock is not None) == row.livelock
    failed = row.deadlock is not None or bool(row.faults) or row.livelock
    assert found.status == ("failed" if failed else "clean")


@pytest.mark.parametrize("scenario", [name for name in sevviz.scenario_names() if name != "retry"])
def test_v4_sleeps_in_atomic_context_in_every_schedule(scenario: str) -> None:
    """might_sleep() warns even when the mutex is free, so no schedule of any scenario is without the fault."""
    found = sevviz.check("v4", scenario)
    sleeping = [listed for listed in found.faults if listed.fault.kind == "sleep-in-atomic"]
    assert {listed.interleavings for listed in sleeping} == {found.census.interleavings}
    assert min(len(listed.schedule) for listed in sleeping) <= 4  # spin_lock, read, write, mutex_lock


def test_each_task_of_v4_sleeps_under_its_destinations_spinlock() -> None:
    found = sevviz.check("v4", "double")
    named = {(f.fault.task, f.fault.object, f.fault.holding) for f in found.faults}
    assert {(1, "B.lock", ("B.migration_lock",)), (2, "A.lock", ("A.migration_lock",))} <= named


def test_beside_an_ioctl_a_trylock_fails_for_nothing_where_the_flag_waits() -> None:
    tasks = ("migrate(B, A)", "ioctl(A)")
    assert sevviz.check("trylock_once", tasks=tasks).returns == {("0", "0"), ("-EBUSY", "0")}
    assert sevviz.check("flag_then_mutex", tasks=tasks).returns == BOTH


def test_between_unlock_and_clearing_the_flag_a_caller_gets_a_spurious_ebusy() -> None:
    """Task 1 has given back B.lock, and B's flag is still set: the mutex is free and task 2 is sent away."""
    found = sevviz.check("flag_then_mutex", "shared-destination")
    assert ("0", "-EBUSY") in found.returns
    made = sevviz.program("flag_then_mutex", "same")
    trace = sevviz.run(made, (1,) * 9 + (2,))
    values = dict(zip((shared.name for shared in made.objects), trace.states[-1].values, strict=True))
    assert (values["B.lock"], values["B.migration_in_progress"]) == (0, 1)
    assert made.position(trace.states[-1], 1).result == -16


@pytest.mark.parametrize(("scheme", "of"), [("v4_uninitialised", "v4"), ("naive_ordered", "naive")])
def test_schemes_that_differ_for_lockdep_only_have_the_same_code(scheme: str, of: str) -> None:
    one, other = (re.sub(r"/\*.*?\*/\s*", "", sevviz.load(name).text.text, flags=re.DOTALL) for name in (scheme, of))
    assert one == other


def test_linux_5_16_and_6_16_differ_in_what_they_tell_lockdep_and_in_two_names() -> None:
    old, new = (re.sub(r"/\*.*?\*/\s*", "", sevviz.load(s).text.text, flags=re.DOTALL) for s in WHOLE[-2:])
    told = old.replace("mutex_lock_killable(&kvm_get_vcpu(kvm, i)->mutex)",
                       "mutex_lock_killable_nest_lock(&kvm_get_vcpu(kvm, i)->mutex, &kvm->lock)")  # fmt: skip
    assert told != old
    assert (
        told.replace("sev_lock_vcpus", "kvm_lock_all_vcpus").replace("sev_unlock_vcpus", "kvm_unlock_all_vcpus") == new
    )
    for scenario in ("double", "running", "signal"):
        assert sevviz.check("linux_5_16", scenario).census == sevviz.check("linux_6_16", scenario).census


@pytest.mark.parametrize(("scheme", "both"), [*((s, False) for s in WHOLE[:3]), *((s, True) for s in WHOLE[3:])])
def test_where_the_destination_is_a_sev_vm_v8_to_v12_never_lock_the_source(scheme: str, both: bool) -> None:  # noqa: FBT001
    active = make_scenario(
        "both", {"tasks": ["migrate(B, A)", "migrate(A, B)"], "initial": {"A.active": 1, "B.active": 1}}
    )
    found = sevviz.check(scheme, active)
    places = [i for i, shared in enumerate(found.program.objects) if shared.name in MUTEXES]
    held = {tuple(state.values[i] for i in places) for state in found.graph.states}
    assert ({(1, 1), (2, 2)} <= held) == both
    assert ("-EINVAL", "-EINVAL") in found.returns
    assert (("-EBUSY", "-EINVAL") in found.returns) == both
    assert not any("0" in returns for returns in found.returns)


@pytest.mark.parametrize("scheme", ["flag_then_mutex", "v3_global_spinlock", "sev_lock_two_vms", "v4"])
@pytest.mark.parametrize("count", [2, 3, 4])
def test_in_a_ring_of_any_size_flags_prevent_deadlock_and_may_fail_everyone(scheme: str, count: int) -> None:
    """Flags never wait, and a mover waits for a mutex only while it owns the flag of that VM."""
    found = sevviz.check(scheme, f"ring{count}")
    error = "-EINVAL" if scheme.startswith("v3") else "-EBUSY"
    assert found.deadlocks == ()
    assert (error,) * count in found.returns


@pytest.mark.parametrize(("scenario", "states", "schedules"), [("double", 27, 6), ("ring3", 135, 312), ("self", 2, 1)])
def test_spinlocks_in_the_place_of_the_mutexes_change_how_tasks_wait_and_nothing_else(
    scenario: str, states: int, schedules: int
) -> None:
    """The same state graph as that of naive; but who waits keeps its CPU, and no signal can end it."""
    spinning, sleeping = sevviz.check("spinlocks_alone", scenario), sevviz.check("naive", scenario)
    for found in (spinning, sleeping):
        assert (len(found.graph.states), found.census.interleavings) == (states, schedules)
    assert spinning.graph.edges == sleeping.graph.edges
    killed = sevviz.check("spinlocks_alone", scenario, signals=True)
    assert all(outcome.deadlock is not None and outcome.deadlock.final for outcome in killed.deadlocks)


def test_a_move_with_spinlocks_alone_does_not_keep_out_an_ordinary_ioctl() -> None:
    """The ioctl takes A.lock, which the move never asks for: it runs while A's state is on its way out."""
    tasks = ("migrate(B, A)", "ioctl(A)")
    at_work = (1, 1, 1)
    for scheme, runnable in (("naive", {1}), ("spinlocks_alone", {1, 2})):
        program = sevviz.program(scheme, tasks=tasks)
        state = sevviz.run(program, at_work).states[-1]
        assert program.position(state, 0).operation is not None
        assert {move.actor for move in moves(program, state)} == runnable


@pytest.mark.parametrize("count", [2, 3, 4, 5])
def test_in_a_ring_naive_deadlocks_after_as_many_acquisitions_as_there_are_vms(count: int) -> None:
    assert deadlock_of(sevviz.check("naive", f"ring{count}")) == (count, tuple(f"{vm}.lock" for vm in "ABCDE"[:count]))


def test_the_killable_waits_of_5_16_end_with_eintr_and_give_everything_back() -> None:
    """A free mutex is taken even with a signal pending, so -EINTR needs somebody who holds the VM: the ioctl."""
    quiet = sevviz.check("sev_lock_two_vms", tasks=("migrate(B, A)",), signals=True)
    assert quiet.returns == {("0",)}
    for vm in "AB":
        found = sevviz.check("sev_lock_two_vms", tasks=("migrate(B, A)", f"ioctl({vm})"), signals=True)
        assert found.returns == {("0", "0"), ("-EINTR", "0")}
        assert found.status == "clean"


def test_5_16_gives_its_errors_in_the_order_of_its_tests() -> None:
    """-EINVAL before any flag is claimed: a self-move takes no step."""
    found = sevviz.check("sev_lock_two_vms", "self")
    assert [(outcome.returns, outcome.schedule) for outcome in found.outcomes] == [(("-EINVAL",), ())]


def test_v4_on_two_cpus_hangs_the_machine_and_the_flag_does_not() -> None:
    """The sleeper keeps its spinlock, spinners fill the CPUs, and the ioctl that holds the mutex gets none."""
    hung = sevviz.check("v4", "cpus").deadlocks
    assert hung
    assert all(outcome.deadlock is not None and outcome.deadlock.final for outcome in hung)
    assert sevviz.check("flag_then_mutex", "cpus").deadlocks == ()


def test_with_both_tokens_out_both_states_stay_in_the_table() -> None:
    """V1 to V3 hold one mutex at a time and never deadlock; what they can do is lose both VMs to their own table."""
    found = sevviz.check("v1_token", "double")
    lost = next(outcome for outcome in found.outcomes if outcome.returns == ("-EPERM", "-EPERM"))
    end = sevviz.run(found.program, lost.schedule).states[-1]
    left = {o.name for o, value in zip(found.program.objects, end.values, strict=True) if value}
    assert left == {"A.info_token", "A.staged", "B.info_token", "B.staged"}
    mutexes = [i for i, shared in enumerate(found.program.objects) if shared.kind == "mutex"]
    held = [[state.values[i] for i in mutexes if state.values[i]] for state in found.graph.states]
    assert all(len(set(holders)) == len(holders) for holders in held), "no task holds two mutexes"


@pytest.mark.parametrize(
    ("tasks", "returns"),
    [
        (["sev_send(A); sev_send(B); sev_receive(B, A)"], {("-EPERM",)}),  # whoever has a token receives nothing
        (["sev_send(A); sev_send(B); sev_receive(C, A)"], {("0",)}),  # a third VM may
        (["sev_send(A); sev_receive(B, A)", "sev_receive(C, A)"], {("0", "-EFAULT"), ("-EFAULT", "0")}),  # once
    ],
)
def test_a_token_is_good_for_one_receive_by_who_has_none(tasks: list[str], returns: set[tuple[str, ...]]) -> None:
    assert sevviz.check("v1_token", tasks=tasks).returns == returns


def values_after(program: Program, steps: int) -> dict[str, int]:
    """The shared fields and locks after some steps of task 1."""
    end = sevviz.run(program, (1,) * steps).states[-1]
    return {shared.name: value for shared, value in zip(program.objects, end.values, strict=True)}


def operations_of(program: Program, schedule: tuple[int, ...]) -> list[str]:
    """What the steps of a schedule do, in the words of the story."""
    return [step.operation.text for step in sevviz.run(program, schedule).steps if step.operation]


def test_the_tdx_move_of_2023_clears_its_flags_before_its_mutexes_when_it_succeeds() -> None:
    fit = make_scenario("fit", {"tasks": ["migrate(B, A)"], "initial": {"A.finalized": 1}})
    for scheme, flags in (("tdx_move_2023", 0), ("tdx_move_fixed", 1)):
        program = sevviz.program(scheme, fit)
        operations = operations_of(program, sevviz.check(scheme, fit).outcomes[0].schedule)
        unlock = next(n for n, text in enumerate(operations) if text.startswith("mutex_unlock"))
        after = values_after(program, unlock)
        assert (after["A.lock"], after["B.lock"]) == (1, 1)
        assert (after["A.migration_in_progress"], after["B.migration_in_progress"]) == (flags, flags), scheme


def test_5_16_gives_back_both_mutexes_and_then_both_flags() -> None:
    operations = operations_of(sevviz.program("sev_lock_two_vms", "uncontended"), (1,) * 10)
    assert operations[-4:] == [
        "mutex_unlock(B.lock)", "mutex_unlock(A.lock)",
        "atomic_set_release(B.migration_in_progress, 0)", "atomic_set_release(A.migration_in_progress, 0)",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("scheme", "alone"), [("flag_then_mutex", False), ("flag_cleared_first", True), ("sev_lock_two_vms", False)]
)
def test_only_where_the_flag_is_cleared_first_a_mutex_is_held_without_its_flag(scheme: str, *, alone: bool) -> None:
    """No deadlock follows from it; the sentence that made it impossible to reach one is gone."""
    found = sevviz.check(scheme)
    assert found.status == "clean"
    names = [shared.name for shared in found.program.objects]
    lock, flag = names.index("A.lock"), names.index("A.migration_in_progress")
    assert any(state.values[lock] and not state.values[flag] for state in found.graph.states) == alone


COPY = """
static int copy_context(struct kvm *dst, struct kvm *src)
{
	mutex_lock(&dst->lock);
	mutex_lock(&src->lock);
	mutex_unlock(&src->lock);
	mutex_unlock(&dst->lock);
	return 0;
}
"""


@pytest.mark.parametrize("scheme", ["flag_then_mutex", "sev_lock_two_vms"])
def test_flags_prevent_deadlock_only_if_everybody_who_locks_two_vms_claims_them(scheme: str) -> None:
    text = sevviz.load(scheme).text.text + COPY
    assert sevviz.check(text, "double").deadlocks == ()
    mixed = sevviz.check(text, tasks=["migrate(B, A)", "copy_context(A, B)"])
    assert deadlock_of(mixed) == (4, MUTEXES)


def test_copying_and_filling_holds_one_mutex_at_a_time_and_acts_on_old_news() -> None:
    """Both moves succeed, each out of the VM that the other one fills: what was read has to be looked at again."""
    found = sevviz.check("copy_then_fill", "double")
    assert (found.status, found.returns) == ("clean", {("0", "0")})
    mutexes = [number for number, shared in enumerate(found.program.objects) if shared.kind == "mutex"]
    held = [[state.values[i] for i in mutexes if state.values[i]] for state in found.graph.states]
    assert all(len(set(holders)) == len(holders) for holders in held)
    end = sevviz.run(found.program, (1, 1, 1, 1, 2, 2, 2, 2)).states[-1]
    moved = {o.name for o, value in zip(found.program.objects, end.values, strict=True) if value}
    assert moved == {"A.moved_away", "B.moved_away"}


@pytest.mark.parametrize(("cpus", "spinners", "hangs"), [(1, 1, True), (2, 1, False), (2, 2, True), (3, 2, False)])
def test_v4_hangs_where_there_are_as_many_spinners_as_cpus(cpus: int, spinners: int, *, hangs: bool) -> None:
    """One mover sleeps with the spinlock of A, the others spin for it, and an ioctl could end it all."""
    moves = [f"migrate(A, {vm})" for vm in "BCD"[: spinners + 1]]
    scenario = make_scenario("few", {"tasks": [*moves, "ioctl(A)"], "cpus": cpus})
    assert bool(sevviz.check("v4", scenario).deadlocks) == hangs


def test_v5_tests_the_destination_before_it_claims_the_source() -> None:
    """A move into a VM that is no SEV VM disturbs no other move of its source."""
    tasks = {"tasks": ["migrate(B, A)", "migrate(C, A)"], "initial": {"B.left_sev": 1}}
    assert sevviz.check("v5_flag", make_scenario("unfit", tasks)).returns == {("-EINVAL", "0")}
    tasks["initial"] = {"A.left_sev": 1}
    neither = sevviz.check("v5_flag", make_scenario("unfit source", tasks)).returns
    assert neither == {("-EINVAL", "-EINVAL"), ("-EINVAL", "-EBUSY"), ("-EBUSY", "-EINVAL")}


@pytest.mark.parametrize(("scheme", "deadlocks"), [("tests_before_source", 1), ("tests_under_locks", 4)])
def test_where_the_destination_is_tested_decides_for_which_vms_the_deadlock_is_reachable(
    scheme: str, deadlocks: int
) -> None:
    """Tested before the source is locked: with one SEV VM already, one of the two moves never asks for its source."""
    tasks = ["migrate(B, A)", "migrate(A, B)"]
    kinds = [{"A.is_sev": a, "B.is_sev": b} for a in (0, 1) for b in (0, 1)]
    tables = [{"tasks": tasks, "initial": {vm: 1 for vm, is_sev in kind.items() if is_sev}} for kind in kinds]
    found = [bool(sevviz.check(scheme, make_scenario("kinds", table)).deadlocks) for table in tables]
    assert found[0]
    assert sum(found) == deadlocks


@pytest.mark.parametrize(("scheme", "stuck"), [("tests_before_source", False), ("tests_under_locks", True)])
def test_between_sev_vms_only_a_test_under_both_locks_can_meet_the_deadlock(scheme: str, *, stuck: bool) -> None:
    tasks = ["migrate(B, A)", "migrate(A, B)"]
    table = {"tasks": tasks, "initial": {"A.is_sev": 1, "B.is_sev": 1}}
    found = sevviz.check(scheme, make_scenario("selftest", table))
    assert bool(found.deadlocks) == stuck
    assert found.returns == {("-EINVAL", "-EINVAL")}
    assert deadlock_of(found) == ((2, MUTEXES) if stuck else None)


# The files themselves.


@pytest.mark.parametrize("name", sevviz.scheme_names())
def test_each_scheme_has_a_complete_header(name: str) -> None:
    header = sevviz.load(name).header
    assert all(header[key] for key in ("title", "source", "entry", "description"))
    assert header["entry"] == "migrate"
    assert len(header["title"]) <= 60


def test_titles_are_unique() -> None:
    titles = [sevviz.load(name).header["title"] for name in sevviz.scheme_names()]
    assert len(set(titles)) == len(titles)


def test_the_schemes_of_the_thread_are_there() -> None:
    assert {
        "naive", "v3_global_spinlock", "v4", "flag_then_mutex", "migration_lock_both", "migration_lock_called",
        "trylock_once", "address_order", "global_mutex", "sev_lock_two_vms",
    } <= set(sevviz.scheme_names())  # fmt: skip
