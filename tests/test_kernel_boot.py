"""Boots that go wrong: limits, kernels that stop, what is kept of builds. No kernel is needed here."""

from __future__ import annotations

import json
import os
import re
import shutil
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from sevviz.kernel import boot as booting
from sevviz.kernel import build as building
from sevviz.kernel import cli, limits, running
from sevviz.kernel import compare as comparing
from sevviz.kernel.boot import boot, parameters, read_console
from sevviz.kernel.case import make_case
from sevviz.kernel.compare import Plan, compare, predict, same_reports
from sevviz.kernel.comparison import remarks, row
from sevviz.kernel.configuration import CONFIGURATIONS, Kernel, KernelError
from sevviz.kernel.limits import TooLongError, check_length
from sevviz.kernel.transcript import Finding

if TYPE_CHECKING:
    from pathlib import Path

    from sevviz.kernel.boot import Run
    from sevviz.kernel.case import Case
    from sevviz.kernel.configuration import Configuration
    from sevviz.kernel.transcript import Prediction
    from sevviz.model import Program


def stand_in(folder: Path, script: str) -> Kernel:
    """A shell script in the place of a User-Mode Linux."""
    image = folder / "image"
    image.write_text(f"#!/bin/sh\n{script}\n")
    image.chmod(0o755)
    return Kernel(image, CONFIGURATIONS["debug"])


def test_a_kernel_that_hangs_is_ended_by_the_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(booting, "LIMIT_SECONDS", 0.3)
    kernel = stand_in(tmp_path, "echo 'sevviz: begin'\necho 'sevviz: turn 1'\nsleep 60")
    run = boot(kernel, make_case("naive", "double"), (1,))
    assert run.ended == "no end after 0.3 s"
    assert [turn.word for turn in run.turns] == ["", "1"]


def test_a_kernel_that_does_not_start_says_its_last_words(tmp_path: Path) -> None:
    kernel = stand_in(tmp_path, "echo 'check_ptrace : expected SIGSTOP' >&2")
    run = boot(kernel, make_case("naive", "double"), (1,))
    assert run.ended == "the runner did not start; the last line is 'check_ptrace : expected SIGSTOP'"


def test_a_panic_is_a_finding_and_no_end(tmp_path: Path) -> None:
    kernel = stand_in(tmp_path, "echo 'sevviz: begin'\necho 'Kernel panic - not syncing: oops'")
    run = boot(kernel, make_case("naive", "double"), (1,))
    assert {kind for kind, _ in run.findings} == {"panic"}
    assert run.ended == "the kernel panicked, in its words 'Kernel panic - not syncing: oops'"


def test_an_image_that_builds_have_pushed_out_of_the_cache_is_an_error_that_helps(tmp_path: Path) -> None:
    kernel = stand_in(tmp_path, "echo 'sevviz: begin'; echo 'sevviz: end'")
    os.utime(tmp_path, (1, 1))
    assert boot(kernel, make_case("naive", "double"), (1,)).ended == ""
    assert tmp_path.stat().st_mtime > 1, "in use, so that a build takes others"
    kernel.image.unlink()
    with pytest.raises(KernelError, match=r"gone from the cache.*run the command again.*\$SEVVIZ_CACHE"):
        compare(kernel, make_case("naive", "double"), Plan(6))
    shutil.rmtree(tmp_path)
    with pytest.raises(KernelError, match="gone from the cache"):
        boot(kernel, make_case("naive", "double"), (1,))


def told_by_run(
    words: list[str], folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> tuple[str, str | None, str]:
    """The turns that `kernel run` gives to a kernel, why they are not made from the schedule, and what else it says."""
    kernel = stand_in(folder, "echo 'sevviz: begin'; echo 'sevviz: end'")
    monkeypatch.setattr(running, "kernel_for", lambda *_: kernel)
    cli.main(["run", "naive_killable", *words, "--json"])
    said = capsys.readouterr()
    shown = json.loads(said.out)
    return shown["turns"], shown["taken_as_turns"], said.err


SELF = ["--schedule", "1 1! 1 1 1 1 1", "--scenario", "self"]


@pytest.mark.parametrize("words", [SELF, ["--schedule", "1 1!", "--task", "migrate(A, A)"]])
def test_what_the_model_cannot_follow_is_taken_as_turns_and_that_is_said(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    turns, why, said = told_by_run(words, tmp_path, monkeypatch, capsys)
    assert turns == words[1]
    assert why is not None
    assert "step 2 sends a fatal signal to task 1 (migrate(A, A))" in why
    assert "the scenario has no signals" in why
    assert f"taken as turns from step 2 on: {why}\n" in said
    assert "--signals" in why


@pytest.mark.parametrize("words", [[*SELF, "--signals"], [*SELF[:2], "--scenario", "self-killed"],
                                   [*SELF[:2], "--task", "migrate(A, A)", "--signals"]])  # fmt: skip
def test_with_signals_a_schedule_with_a_bang_is_a_schedule(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The turns let the task go to sleep before it is killed."""
    turns, why, said = told_by_run(words, tmp_path, monkeypatch, capsys)
    assert (turns, why) == ("1 1 1! 1 1 1 1", None)
    assert "taken as turns" not in said


def test_one_step_too_many_does_not_change_the_meaning_of_those_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--scenario", "self", "--signals", "--schedule"]
    # The task has returned: what is before stays a schedule.
    turns, why, said = told_by_run([*words, "1 1! 1 1 1 1 1 1"], tmp_path, monkeypatch, capsys)
    assert turns == "1 1 1! 1 1 1 1"
    assert f"taken as turns from step 8 on: {why}\n" in said
    # Those who write turns say themselves who goes to sleep, and when.
    turns, why, said = told_by_run([*words, "1 1 1"], tmp_path, monkeypatch, capsys)
    assert turns == "1 1 1"
    assert f"taken as turns from step 2 on: {why}\n" in said


def test_after_the_fault_that_ends_the_models_run_a_kernel_is_given_no_turn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--schedule", "1 1! 1 1 1 1 1 1", "--scenario", "self", "--signals"]
    turns, _, said = told_by_run(words, tmp_path, monkeypatch, capsys)
    assert turns == "1 1 1! 1 1 1 1"
    assert "up to number 7 of 8: there the model's run ends by a fault (unlock-not-held)\n" in said
    case, given = make_case("naive", "double"), list[tuple[int, ...]]()

    def one_turn(program: Program, turns: tuple[int, ...], configuration: Configuration) -> Prediction:
        return replace(predict(program, turns[:1], configuration), ends="fault")

    def noted(_kernel: Kernel, _case: Case, turns: tuple[int, ...]) -> Run:
        given.append(turns)
        return read_console("sevviz: begin\nsevviz: end\n", {})

    monkeypatch.setattr(comparing, "boot", noted)
    compare(stand_in(tmp_path, ""), case, Plan(6), model=one_turn)
    assert sorted(given) == [(1,)] * 3 + [(2,)] * 3


def test_a_schedule_that_is_too_long_is_refused_before_a_kernel_is_built(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(running, "kernel_for", lambda *_: pytest.fail("built"))
    assert cli.main(["run", "naive", "--schedule", "1 " * 513]) == 2
    assert "runner.script has 1,025 characters, and a kernel takes 1,024 of a parameter: the schedule has too many" in (
        capsys.readouterr().err
    )


def test_every_parameter_has_its_limit_and_so_have_all_together() -> None:
    debug, smp = CONFIGURATIONS["debug"], CONFIGURATIONS["smp"]
    check_length(debug, ["runner.script=" + "1" * 1024])
    for name in ("scheme", "vms", "tasks", "initial", "script"):
        with pytest.raises(TooLongError, match=f"runner.{name} has 1,025 characters"):
            check_length(debug, [f"runner.{name}=" + "1" * 1025])
    words = ["runner.script=" + "1" * 1000, "runner.tasks=" + "1" * 900]
    check_length(debug, words)
    with pytest.raises(TooLongError, match=r"have 1,929 characters, and the smp kernel takes 1,900"):
        check_length(smp, words)


def test_what_is_too_long_for_a_kernel_is_told_as_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "PARAMETER", 27)  # 14 turns
    case = make_case("flag_then_mutex", "double")
    found = compare(stand_in(tmp_path, "echo 'sevviz: begin'; echo 'sevviz: end'"), case, Plan(12, workers=1))
    assert (found.run, len(found.not_run), found.done) == (5, 7, True)
    assert row(found)[2:5] == ("5 of 262", "0", "5")
    assert re.search(r"not run \(7 such schedules\): runner.script has \d+ characters, .* takes 27 ", remarks(found)[1])


def test_a_row_is_given_up_after_three_runs_without_an_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    kernel = stand_in(tmp_path, "echo 'sevviz: begin'; echo '[    1.2] Kernel panic - not syncing: oops'")
    monkeypatch.setattr(cli, "kernel_for", lambda *_: kernel)
    assert cli.main(["compare", "naive", "--scenario", "double", "--scenario", "ioctl", "--workers", "1"]) == 1
    said = capsys.readouterr()
    rows = [re.split("  +", line)[1:5] for line in said.out.split("\n")[1:3]]
    assert rows == [["double", "3 of 6, given up", "0", "3"], ["ioctl", rows[1][1], "0", "3"]]
    assert re.fullmatch(r"3 of [\d,]+, given up", rows[1][1])
    assert "naive/double: given up after 3 runs without an end, 3 schedules are not run" in said.err
    assert "the run has no end: the kernel panicked, in its words 'Kernel panic - not syncing: oops'" in said.err


@pytest.mark.parametrize("in_memory", [True, False])
def test_a_boot_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, in_memory: bool) -> None:
    """Neither in memory, where a kernel boots faster, nor on the disk, where there is no such folder."""
    memory, disk = tmp_path / "memory", tmp_path / "disk"
    for folder in [memory, disk] if in_memory else [disk]:
        folder.mkdir()
    monkeypatch.setattr(booting, "MEMORY", str(memory))
    monkeypatch.setattr("tempfile.tempdir", str(disk))
    boot(
        stand_in(tmp_path, f'dirname "$HOME" >{tmp_path / "where"}; touch "$HOME/left"'),
        make_case("naive", "double"),
        (1,),
    )
    assert (tmp_path / "where").read_text().strip() == str(memory if in_memory else disk)
    assert [*memory.glob("*"), *disk.glob("*")] == []


def test_memory_that_is_full_or_not_for_programs_is_left_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(booting, "MEMORY", str(tmp_path))
    assert booting._fast_folder() == str(tmp_path)  # noqa: SLF001 - what boot() asks
    monkeypatch.setattr(booting, "ROOM", 1 << 80)
    assert booting._fast_folder() is None  # noqa: SLF001
    monkeypatch.setattr(booting, "ROOM", 0)
    told = os.statvfs(tmp_path)
    noexec = os.statvfs_result((*told[:8], os.ST_NOEXEC, told[9]))
    monkeypatch.setattr(os, "statvfs", lambda _: noexec)
    assert booting._fast_folder() is None  # noqa: SLF001


def test_who_is_stuck_beside_the_tasks_is_told_without_a_number() -> None:
    """A CPU that spins for ever takes a worker of the kernel along."""
    told = "sevviz: begin\nsevviz: turn 1\nINFO: task task2:40 blocked for more than 2 seconds.\n"
    told += "INFO: task kworker/1:1:44 blocked for more than 2 seconds.\nsevviz: end\n"
    run = read_console(told, {})
    assert run.findings == {("hung-task", 2), ("hung-task", 0)}
    wanted = frozenset({Finding("hung-task", 2), Finding("soft-lockup", 1)})
    assert same_reports(wanted, run.findings, CONFIGURATIONS["smp"])
    assert not same_reports(frozenset(), run.findings, CONFIGURATIONS["smp"])


def test_ctrl_c_does_not_wait_for_the_kernels_that_run(tmp_path: Path) -> None:
    """Each of two workers is given a schedule: one boots, and when it does, the other is interrupted."""
    late = tmp_path / "late"
    kernel = stand_in(tmp_path, f"echo 'sevviz: begin'; sleep 20; touch {late}")
    case, asked = make_case("naive", "double"), list[object]()

    def model(program: Program, turns: tuple[int, ...], configuration: Configuration) -> Prediction:
        asked.append(turns)
        if len(asked) > 1:
            return predict(program, turns, configuration)
        while not booting._running:  # noqa: SLF001 - nobody else is told
            time.sleep(0.01)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        compare(kernel, case, Plan(6), model=model)
    assert len(asked) < 6
    assert not late.exists()


def test_the_parameters_name_scheme_vms_tasks_and_turns() -> None:
    assert parameters(make_case("flag_then_mutex", "double"), (1, -2, 1)) == [
        "runner.scheme=flag_then_mutex", "runner.vms=A,B", "runner.tasks=migrate(B,A)/migrate(A,B)",
        "runner.script=1,2!,1", "runner.retry=0",
    ]  # fmt: skip
    assert "runner.retry=-1" in parameters(make_case("flag_then_mutex", "retry"), (1,))


def test_the_cache_is_where_the_user_wants_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEVVIZ_CACHE", str(tmp_path))
    assert building.cache_folder() == tmp_path
    monkeypatch.delenv("SEVVIZ_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert building.cache_folder() == tmp_path / "cache" / "sevviz"


def test_only_the_images_used_last_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(building, "MOST_IMAGES", 2)
    objects = tmp_path / "objects"
    objects.mkdir()
    (objects / "linux").write_text("image")
    (objects / ".config").write_text("")
    for age, name in ((300, "debug-1"), (200, "debug-2"), (100, "debug-3")):
        building._keep(objects, CONFIGURATIONS["debug"], tmp_path / name)  # noqa: SLF001
        when = (tmp_path / name).stat().st_mtime - age
        os.utime(tmp_path / name, (when, when))
    assert sorted(path.name for path in tmp_path.glob("debug-*")) == ["debug-2", "debug-3"]


def test_a_configuration_that_kconfig_drops_is_an_error(tmp_path: Path) -> None:
    fragment, made = tmp_path / "fragment", tmp_path / "made"
    fragment.write_text("# a comment\nCONFIG_PROVE_LOCKING=y\nCONFIG_PREEMPT=y\n")
    made.write_text("CONFIG_PREEMPT=y\n# CONFIG_PROVE_LOCKING is not set\n")
    with pytest.raises(KernelError, match="does not take: CONFIG_PROVE_LOCKING=y"):
        building._check_configuration(fragment, made)  # noqa: SLF001


def test_a_failed_command_shows_the_end_of_what_it_said() -> None:
    with pytest.raises(KernelError, match="sh -c failed:\nno such thing"):
        building._run(["sh", "-c", "echo no such thing; exit 2"])  # noqa: SLF001


GCC = """In file included from /c/source-6.12/lib/sevviz/scheme_own.c:3:
/c/source-6.12/include/asm-generic/current.h:8:45: error: expected ')' before '->' token
own.c:17:63: note: in expansion of macro 'current'
own.c:17:6: note: in expansion of macro 'SEVVIZ_CALL_VALUE3'
/c/source-6.12/include/asm-generic/current.h:9:17: note: in expansion of macro 'get_current'
make[4]: *** [scripts/Makefile.build:229: lib/sevviz/scheme_own.o] Error 1
"""


def test_c_that_gcc_refuses_is_told_in_its_words_with_the_place_in_the_scheme(tmp_path: Path) -> None:
    (tmp_path / "said").write_text(GCC + "make: noise\n" * 40)
    with pytest.raises(KernelError) as error:
        building._run(["sh", "-c", f"cat {tmp_path}/said >&2; exit 2"])  # noqa: SLF001
    assert str(error.value).split("\n") == [
        "sh -c failed:",
        "linux/include/asm-generic/current.h:8:45: error: expected ')' before '->' token",
        "own.c:17:63: note: in expansion of macro 'current'",
        "a scheme is compiled beside the kernel's own names, macros such as current among them: use other names",
    ]


@pytest.mark.parametrize("place", ["file", "file/below"])
def test_a_cache_that_cannot_be_made_is_an_error_that_helps(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("SEVVIZ_CACHE", str(tmp_path / place))
    monkeypatch.setattr(building, "check_packages", lambda _: None)
    monkeypatch.setattr(building, "_key", lambda *_: "key")
    assert cli.main(["build"]) == 2
    said = capsys.readouterr().err
    assert re.match(r"/.*/file.*: kernels cannot be kept here \(.+\); set \$SEVVIZ_CACHE to a folder", said)


@pytest.mark.parametrize("dpkg", ["exit 1", "exit 0"])
def test_a_source_that_dpkg_does_not_know_is_something_missing(
    dpkg: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, script in (("dpkg-query", dpkg), ("gcc", "echo 12")):
        (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(building, "check_packages", lambda _: None)
    building.source_version.cache_clear()
    assert cli.main(["build"]) == 3
    said = capsys.readouterr().err
    assert "dpkg does not know the package linux-source-6.12" in said
    assert "apt-get install linux-source-6.12" in said
    building.source_version.cache_clear()


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_every_configuration_has_its_fragment(name: str) -> None:
    assert "CONFIG_DETECT_HUNG_TASK=y" in (building.HERE / f"{name}.config").read_text()
