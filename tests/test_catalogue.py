"""Schemes by name, path or text, and scenarios by name or table."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest
from toys import HEADER, HOLD, text

import sevviz
from sevviz.catalogue import make_scenario, vm_name
from sevviz.csource import vm_order
from sevviz.errors import ScenarioError, SevvizError

if TYPE_CHECKING:
    from pathlib import Path

SEAL = f"{HEADER.replace('migrate', 'seal')}static int seal(struct kvm *dst, struct kvm *src)\n{{\n\t{HOLD}\n}}\n"


def test_the_scenarios_of_the_contract_exist_with_their_tasks() -> None:
    expected = {
        "double": ("migrate(B, A)", "migrate(A, B)"),
        "same": ("migrate(B, A)", "migrate(B, A)"),
        "shared-source": ("migrate(B, A)", "migrate(C, A)"),
        "shared-destination": ("migrate(C, A)", "migrate(C, B)"),
        "chain": ("migrate(B, A)", "migrate(C, B)"),
        "ring3": ("migrate(B, A)", "migrate(C, B)", "migrate(A, C)"),
        "self": ("migrate(A, A)",),
        "bystander": ("migrate(B, A)", "migrate(A, B)", "migrate(D, C)"),
        "ioctl": ("migrate(B, A)", "migrate(A, B)", "ioctl(A)"),
        "in-turn": ("migrate(B, A); migrate(A, B)",),
        "running": ("migrate(B, A)", "vcpu_run(A)", "vcpu_run(B)"),
        "retry": ("migrate(B, A)", "migrate(A, B)"),
    }
    assert {name: sevviz.scenario(name).tasks for name in expected} == expected
    assert [name for name in expected if sevviz.scenario(name).settings.signals] == ["running"]
    assert sevviz.scenario("signal").settings.signals
    assert sevviz.scenario("retry").settings.retry is None
    assert {*expected, "signal"} <= set(sevviz.scenario_names())


@pytest.mark.parametrize("count", [2, 3, 5, 26, 27, 64])
def test_in_a_ring_of_n_task_i_moves_vm_i_to_vm_i_plus_1(count: int) -> None:
    names = [vm_name(number) for number in range(count)]
    tasks = sevviz.scenario(f"ring{count}").tasks
    assert tasks == tuple(f"migrate({names[(i + 1) % count]}, {names[i]})" for i in range(count))
    assert names == sorted(names, key=vm_order)


def test_vms_after_z_go_on_with_two_letters() -> None:
    assert [vm_name(number) for number in (0, 25, 26, 27, 51, 52)] == ["A", "Z", "AA", "AB", "AZ", "BA"]


@pytest.mark.parametrize("name", ["ring", "ring0", "ring1", "ring65", "ring3x", "nope", ""])
def test_an_unknown_scenario_is_refused_with_those_that_there_are(name: str) -> None:
    with pytest.raises(ScenarioError, match=r"there are uncontended, in-turn, double, .* and ringN \(N = 2 to 64\)"):
        sevviz.scenario(name)


def test_a_near_miss_is_suggested() -> None:
    with pytest.raises(ScenarioError, match=r"no scenario 'duoble'; did you mean 'double'\?"):
        sevviz.scenario("duoble")
    with pytest.raises(SevvizError, match=r"no scheme 'nave'; did you mean 'naive'\?"):
        sevviz.load("nave")


def test_a_scheme_is_loaded_by_name_by_path_and_from_text(tmp_path: Path) -> None:
    path = tmp_path / "mine.c"
    path.write_text(text(HOLD), encoding="utf-8")
    assert sevviz.load("naive").name == "naive"
    assert sevviz.load(path).name == "mine"
    assert sevviz.load(str(path)).name == "mine"
    assert sevviz.load_text(text(HOLD), "other.c").name == "other"
    assert sevviz.check(text(HOLD)).status == "clean"


def test_a_file_without_end_is_not_read_to_its_end(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.c")
    (tmp_path / "zero.c").symlink_to("/dev/zero")
    for name in ("pipe.c", "zero.c"):
        with pytest.raises(SevvizError, match=r"cannot be read \(it is a device or a pipe, not a file\)"):
            sevviz.load(tmp_path / name)
    with (tmp_path / "large.c").open("wb") as file:
        file.truncate(2**40)  # a terabyte of holes
    with pytest.raises(SevvizError, match=r"large\.c:1:1: the file has more than 262,144 bytes"):
        sevviz.load(tmp_path / "large.c")


def test_what_cannot_be_read_says_why_and_what_can(tmp_path: Path) -> None:
    for path, reason in ((tmp_path / "no.c", "No such file"), (tmp_path, "Is a directory"), ("\0.c", "null byte")):
        with pytest.raises(
            SevvizError, match=rf"cannot be read \(.*{reason}.*\); run `sevviz list` .* for the \d+ names, .*\.c file"
        ):
            sevviz.load(path)


NO_CALL = "is not a call on VMs: write migrate(B, A) or ioctl(A); VMs are A, B, C, ..."
MIRGATE = "no function 'mirgate' on VMs in naive.c; there are migrate, ioctl, vcpu_run; did you mean 'migrate'?"
TASKS = [
    ("migrate(B A)", f"task 'migrate(B A)' {NO_CALL}"),
    ("migrate(b, a)", f"task 'migrate(b, a)' {NO_CALL}"),
    ("", f"task '' {NO_CALL}"),
    ("migrate(B, A);", f"task '' {NO_CALL}"),
    ("migrate(B)", "task 'migrate(B)': migrate takes 2 VMs, not 1"),
    ("migrate(B, A, C)", "task 'migrate(B, A, C)': migrate takes 2 VMs, not 3"),
    ("ioctl(A, B)", "task 'ioctl(A, B)': ioctl takes 1 VM, not 2"),
    ("mirgate(B, A)", f"task 'mirgate(B, A)': {MIRGATE}"),
]  # fmt: skip


@pytest.mark.parametrize(("task", "message"), TASKS)
def test_a_bad_task_is_refused(task: str, message: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        sevviz.check("naive", tasks=(task,))
    assert str(caught.value) == message


KEYS = "cpus, initial, memory, retry, signals, tasks, title, what"
TABLES: list[tuple[dict[str, Any], str]] = [
    ({}, 'tasks is a list of calls, such as ["migrate(B, A)", "migrate(A, B)"]'),
    ({"tasks": []}, 'tasks is a list of calls, such as ["migrate(B, A)", "migrate(A, B)"]'),
    ({"tasks": "migrate(B, A)"}, 'tasks is a list of calls, such as ["migrate(B, A)", "migrate(A, B)"]'),
    ({"retyr": 1}, f"unknown key 'retyr'; did you mean 'retry'?; keys are {KEYS}"),
    ({"retry": -1}, 'retry is a number of further attempts or "forever", not -1'),
    ({"retry": True}, 'retry is a number of further attempts or "forever", not True'),
    ({"cpus": 0}, "cpus is a number from 1, not 0"),
    ({"signals": 1}, "signals is true or false, not 1"),
    ({"memory": "tso"}, 'memory is "strong" or "weak", not \'tso\''),
    ({"initial": {"A.f": "1"}}, 'initial is a table of numbers, such as {"A.migration_in_progress" = 1}'),
]  # fmt: skip


@pytest.mark.parametrize(("table", "message"), TABLES)
def test_a_bad_scenario_table_is_refused(table: dict[str, Any], message: str) -> None:
    whole = table if "tasks" in table or not table else {"tasks": ["migrate(B, A)"], **table}
    with pytest.raises(ScenarioError) as caught:
        make_scenario("mine", whole)
    assert str(caught.value) == f"scenario 'mine': {message}"


FIELDS = "here; there are A.migration_in_progress, B.migration_in_progress"
INITIALS = [
    ({"A.nope": 1}, f"initial: no field 'A.nope' {FIELDS}"),
    ({"A.lock": 1}, "initial: A.lock is a mutex, and a lock starts free; let a task hold it instead, such as ioctl(A)"),
    ({"C.migration_in_progress": 1},
     f"initial: no field 'C.migration_in_progress' {FIELDS}; did you mean 'B.migration_in_progress'?"),
]  # fmt: skip


@pytest.mark.parametrize(("initial", "message"), INITIALS)
def test_an_initial_value_needs_a_field_that_exists(initial: dict[str, int], message: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        sevviz.check("flag_then_mutex", make_scenario("mine", {"tasks": ["migrate(B, A)"], "initial": initial}))
    assert str(caught.value) == message


def test_a_bool_starts_as_0_or_1() -> None:
    claims = sevviz.load_text(text("bool *busy = &dst->busy; return *busy;"))
    table = {"tasks": ["migrate(B, A)"], "initial": {"B.busy": 2}}
    with pytest.raises(ScenarioError, match=r"initial: B\.busy = 2, but it is a bool: 0 or 1"):
        sevviz.check(claims, make_scenario("mine", table))


def test_a_persistent_field_must_exist() -> None:
    header = HEADER.replace(" */", " * persistent: flg\n */")
    with pytest.raises(ScenarioError) as caught:
        sevviz.check(sevviz.load_text(text("dst->flag = 0; return 0;", header=header), "toy.c"))
    assert str(caught.value) == (
        "toy.c: the header's persistent field 'flg' is not in the scheme; there are flag; did you mean 'flag'?"
    )


LOCK_KEYS = [
    ("ordered: flag", "ordered field 'flag' is no mutex or spinlock of a VM; there are lock, gate"),
    ("ordered: A.lock", "ordered field 'A.lock' is no mutex or spinlock of a VM; there are lock, gate", "lock"),
    ("ordered: all", "ordered field 'all' is no mutex or spinlock of a VM; there are lock, gate"),
    ("uninitialised: lock", "uninitialised field 'lock' is no spinlock of a VM; there are gate"),
    ("uninitialised: gat", "uninitialised field 'gat' is no spinlock of a VM; there are gate", "gate"),
]


@pytest.mark.parametrize(("line", "message", "meant"), [(*row, "")[:3] for row in LOCK_KEYS])
def test_a_key_of_locks_names_locks_that_every_vm_has(line: str, message: str, meant: str) -> None:
    body = "mutex_lock(&all);\nmutex_lock(&dst->lock);\nspin_lock(&dst->gate);\ndst->flag = 1;\nreturn 0;"
    header = HEADER.replace(" */", f" * {line}\n */") + "static DEFINE_MUTEX(all);\n"
    with pytest.raises(ScenarioError) as caught:
        sevviz.check(sevviz.load_text(text(body, header=header), "toy.c"))
    assert str(caught.value) == f"toy.c: the header's {message}" + (f"; did you mean {meant!r}?" if meant else "")


def test_a_key_of_the_header_means_the_schemes_own_field_beside_a_bystander_with_one_of_that_name() -> None:
    """In `double` the field is "lock"; beside ioctl(A), which takes kvm->lock, it has its long name."""
    header = HEADER.replace(" */", " * ordered: lock\n * persistent: lock\n */")
    scheme = sevviz.load_text(text("mutex_lock(&to_kvm_svm(dst)->sev_info.lock); return 0;", header=header), "toy.c")
    alone, beside = (sevviz.program(scheme, scenario).objects for scenario in ("uncontended", "ioctl"))
    assert [(o.name, o.ordered, o.persistent) for o in alone if o.vm == "A"] == [("A.lock", True, True)]
    assert {o.name: (o.ordered, o.persistent) for o in beside if o.vm == "A"} == {
        "A.svm.sev_info.lock": (True, True),
        "A.lock": (False, False),
    }


def test_the_calls_of_a_scenario_are_calls_of_the_entry_whatever_its_name() -> None:
    sealed = sevviz.load_text(SEAL)
    there_and_back = make_scenario("mine", {"tasks": ["migrate(B, A); migrate(A, B)", " ioctl(A);migrate(A, C)"]})
    assert [task.label for task in sevviz.program(sealed).tasks] == ["seal(B, A)", "seal(A, B)"]
    assert [task.label for task in sevviz.program(sealed, there_and_back).tasks] == [
        "seal(B, A); seal(A, B)", "ioctl(A); seal(A, C)",
    ]  # fmt: skip


def test_a_scheme_that_uses_the_mutex_otherwise_than_the_bystander_names_both_places() -> None:
    spins = sevviz.load_text(text("spin_lock(&dst->lock); spin_unlock(&dst->lock); return 0;"), "toy.c")
    with pytest.raises(SevvizError) as caught:
        sevviz.check(spins, tasks=("migrate(B, A)", "ioctl(A)"))
    assert str(caught.value).startswith(
        "built-in ioctl:8:2: kvm->lock is a mutex here (mutex_lock) but a spinlock at toy.c:8:1 (spin_lock)"
    )
    with pytest.raises(SevvizError, match=r"built-in vcpu_run:8:6: kvm->vcpu0\.mutex is a mutex here"):
        sevviz.check(sevviz.load_text(text("spin_lock(&dst->vcpu0.mutex); return 0;"), "toy.c"), tasks=("vcpu_run(A)",))


def test_tasks_take_the_place_of_a_scenarios_and_signals_are_added() -> None:
    made = sevviz.program("naive", "ring3", tasks=("migrate(B, A)",), signals=True)
    assert [task.label for task in made.tasks] == ["migrate(B, A)"]
    assert made.signals


def test_an_initial_value_that_fits_no_int_is_refused() -> None:
    scenario = make_scenario("x", {"tasks": ["migrate(B, A)"], "initial": {"A.migration_in_progress": 2**31}})
    with pytest.raises(ScenarioError, match=r"A\.migration_in_progress = 2147483648 does not fit an int"):
        sevviz.program("v4", scenario)
