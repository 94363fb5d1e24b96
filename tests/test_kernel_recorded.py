"""What a real kernel did, as recorded: the model says the same, and no recording is stale."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import sevviz
from sevviz.kernel import build, script
from sevviz.kernel.basis import basis
from sevviz.kernel.build import HERE
from sevviz.kernel.case import make_case
from sevviz.kernel.cli import main
from sevviz.kernel.compare import PLAN, SMP_PLAN, expected, predict, same_reports
from sevviz.kernel.configuration import CONFIGURATIONS, TARBALL
from sevviz.kernel.evidence import outcome_lines
from sevviz.kernel.record import CHOSEN, excerpt
from sevviz.kernel.recording import RecordedRun, folder, kept_table, load_recording, scheme_hash, trace_digest
from sevviz.kernel.together import parse_turns
from sevviz.kernel.transcript import Finding

if TYPE_CHECKING:
    from collections.abc import Sequence

SCHEMES = sevviz.scheme_names()


def recorded_runs(scheme: str) -> tuple[RecordedRun, ...]:
    recording = load_recording(scheme)
    assert recording is not None
    return recording.runs


def test_every_scheme_has_a_recording_and_every_recording_a_scheme() -> None:
    assert sorted(path.stem for path in folder().glob("*.json")) == SCHEMES


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_recording_is_of_the_scheme_as_it_is_now(scheme: str) -> None:
    """If this fails, the scheme was edited: run `sevviz kernel record` again, for each configuration."""
    recording = load_recording(scheme)
    assert recording is not None
    assert recording.sha256 == scheme_hash(sevviz.load(scheme))
    spinning = make_case(scheme, "double").program.spinlocks
    scenarios = set(PLAN) if spinning else {*PLAN, "cpus"}
    scenarios |= {one.scenario for one in CHOSEN.get(scheme, ())}
    assert {run.scenario for run in recording.runs if run.configuration == "debug"} == scenarios


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_model_says_what_the_kernel_did(scheme: str) -> None:
    recording = load_recording(scheme)
    assert recording is not None
    programs = {name: make_case(scheme, name).program for name in {run.scenario for run in recording.runs}}
    for run in (run for run in recording.runs if run.configuration != "rt"):
        program, configuration = programs[run.scenario], CONFIGURATIONS[run.configuration]
        turns = parse_turns(run.turns, len(program.tasks))
        predicted = predict(program, turns, configuration)
        where = f"{run.configuration} {run.scenario} {run.turns}"
        seen = frozenset(Finding(str(kind), int(str(task))) for kind, task in run.reports)
        assert same_reports(expected(predicted, configuration), seen, configuration), where
        waits = [line.split() for line in predicted.turns[-1].lines if line.startswith("wait ")]
        mutexes = {shared.name for shared in program.objects if shared.kind == "mutex"}
        if not predicted.ends:
            assert [wait[:2] for wait in run.waits if wait[3] != "-"] == [[int(w[1]), w[4]] for w in waits], where
            letters = {int(w[1]): (w[4], w[5]) for w in waits}
            for task, lock, _, letter in run.waits:
                # Who waits for a mutex may be runnable still, where on several CPUs a spinner wants its own.
                if letter != "-" and not (configuration.smp and letter == "R" and lock in mutexes):
                    assert letters[int(str(task))] == (lock, letter), where
        if not configuration.smp and not predicted.ends:
            assert trace_digest(predicted.turns) == run.trace, where
            assert list(predicted.results) == run.returns, where


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_kernels_words_are_there_for_every_report(scheme: str) -> None:
    recording = load_recording(scheme)
    assert recording is not None
    used = {key for run in recording.runs for key in run.words}
    assert used == set(recording.words)
    assert all(bool(run.words) == bool(run.reports) for run in recording.runs)
    assert not [line for lines in recording.words.values() for line in lines if "sevviz" in line or "[<" in line]


def test_turns_that_are_the_schedule_are_kept_once() -> None:
    for path in folder().glob("*.json"):
        for row in json.loads(path.read_text(encoding="utf-8"))["runs"]:
            assert row[2] != row[3] or not row[2]
        recording = load_recording(path.stem)
        assert recording is not None
        assert all(run.turns or not run.schedule for run in recording.runs)


def test_the_recordings_are_small() -> None:
    assert sum(path.stat().st_size for path in folder().glob("*.json")) < 450_000


def test_on_several_cpus_a_report_that_nobody_predicted_is_a_difference() -> None:
    """Those of stuck tasks may be missing, for the detectors need CPUs themselves; none of them may be of another."""
    smp, hung, locked = CONFIGURATIONS["smp"], Finding("hung-task", 1), Finding("soft-lockup", 3)
    assert same_reports(frozenset({hung, locked}), frozenset({locked}), smp)
    assert not same_reports(frozenset({hung, locked}), frozenset(), smp)
    assert not same_reports(frozenset({hung}), frozenset({hung, locked}), smp)
    assert not same_reports(frozenset({hung}), frozenset({hung, Finding("scheduling-while-atomic", 2)}), smp)


def stands_on(names: Sequence[str], configuration: str) -> dict[str, tuple[str, str]]:
    """What a kept table must be of."""
    schemes = [sevviz.load(name) for name in names]
    return {scheme.name: (scheme_hash(scheme), basis(scheme, CONFIGURATIONS[configuration])) for scheme in schemes}


def test_the_basis_of_a_comparison_changes_with_the_model_and_with_the_runner(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    naive, debug = sevviz.load("naive"), CONFIGURATIONS["debug"]
    now = basis(naive, debug)
    assert now == basis(naive, debug) != basis(naive, CONFIGURATIONS["smp"])
    monkeypatch.setattr(script, "_sleep_letter", lambda _: "K")  # waiters in mutex_lock() are not told as D
    assert basis(naive, debug) != now
    monkeypatch.undo()
    for path in HERE.iterdir():
        (tmp_path / path.name).write_text(path.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    monkeypatch.setattr("sevviz.kernel.basis.HERE", tmp_path)
    assert basis(naive, debug) != now


@pytest.mark.parametrize("configuration", ["debug", "plain"])
def test_a_kept_table_is_of_the_schemes_as_they_are_now_and_has_no_difference(configuration: str) -> None:
    """If this fails, a scheme, the model or the runner is another: run `sevviz kernel compare SCHEME --keep` again."""
    texts, rows = kept_table(configuration)
    assert texts == stands_on(SCHEMES, configuration)
    assert {(row[0], row[1]) for row in rows} == {(name, scenario) for name in SCHEMES for scenario in PLAN}
    assert all(row[4] == "0" for row in rows)
    double = {row[0]: row[2] for row in rows if row[1] == "double"}
    assert double["flag_then_mutex"] == "all 262"
    assert double["v4"] == "5,000 of 64,176"


def test_the_kept_table_of_several_cpus_is_of_the_schemes_with_a_spinlock() -> None:
    """If this fails: run `sevviz kernel compare SCHEME --keep --configuration smp` again."""
    spinning = [name for name in SCHEMES if make_case(name, "double").program.spinlocks]
    texts, rows = kept_table("smp")
    assert texts == stands_on(spinning, "smp")
    assert {(row[0], row[1]) for row in rows} == {(name, scenario) for name in spinning for scenario in SMP_PLAN}
    assert all(row[4] == "0" for row in rows)
    spun = {row[1] for row in rows if row[0] == "migration_lock_both" and row[5] != "-"}
    assert spun == set(SMP_PLAN) - {"uncontended", "in-turn", "running"}  # where one task moves alone
    assert next(row[5] for row in rows if row[:2] == ("v4", "cpus")) == "6"  # three lock-ups among them


def counts(configuration: str, column: int) -> int:
    """The sum of a column of a kept table."""
    return sum(int(row[column].replace(",", "")) for row in kept_table(configuration)[1] if row[column] != "-")


def test_readme_says_what_the_kept_tables_say() -> None:
    rows = kept_table("debug")[1]
    schemes, scenarios = ({row[column] for row in rows} for column in (0, 1))
    realtime = [run for name in SCHEMES for run in recorded_runs(name) if run.configuration == "rt"]
    differed = sum(counts(name, 4) for name in ("debug", "plain", "smp"))
    readme = " ".join((Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8").split())
    for sentence in (
        f"{counts('debug', 3):,} schedules in {len(rows)} rows",
        f"({len(schemes)} schemes in {len(scenarios)} scenarios) on a kernel with lockdep and might_sleep",
        f"and {counts('smp', 3)} on several CPUs, with real spinning in {counts('smp', 5)}: {differed} differences.",
        f"On PREEMPT_RT, {len(realtime)} runs are recorded",
    ):
        assert sentence in readme
    assert counts("plain", 3) == counts("debug", 3)  # "the same on one without them"


def test_what_reasoning_alone_gets_wrong_of_killed_waiters_is_recorded() -> None:
    """If this fails: run `sevviz kernel record` with the schemes of CHOSEN."""
    for scheme, chosen in CHOSEN.items():
        places = [(run.scenario, run.schedule) for run in recorded_runs(scheme) if run.configuration == "debug"]
        assert {(one.scenario, one.schedule) for one in chosen} <= set(places)
        assert len(places) == len(set(places))
    both, itself = (sevviz.kernel_words("naive_killable", *one[:2]) for one in CHOSEN["naive_killable"])
    assert both.outcome.split("\n")[:2] == ["task 1 returned -EINTR", "task 2 returned 0"]
    assert both.kernel == ()
    asleep = next(
        run for run in recorded_runs("naive_killable") if run.schedule == CHOSEN["naive_killable"][0].schedule
    )
    assert asleep.turns.startswith("1 2 1 2 1!+2!")  # both wait when the signals come
    assert itself.outcome == "task 1 returned 0"
    assert [report[1].partition("(")[0] for report in itself.kernel] == ["DEBUG_LOCKS_WARN_ON"]
    assert "task 1: unlock-not-held at A.lock" in itself.ours


def test_every_report_of_several_cpus_is_recorded_for_the_schemes_that_spin() -> None:
    """What one CPU cannot show: the spinning deadlock, and spinners on all CPUs that keep the holder from running."""
    both, v4 = load_recording("migration_lock_both"), load_recording("v4")
    assert both is not None
    assert v4 is not None
    spun = both.find("double", "1 1 2 2", "smp") or next(r for r in both.runs if r.configuration == "smp" and r.waits)
    assert [wait[3] for wait in spun.waits] == ["R", "R"]
    hung = v4.find("cpus", "1 1 1 4 2 3", "smp")
    assert hung is not None
    assert [(wait[0], wait[3]) for wait in hung.waits] == [(1, "D"), (2, "R"), (3, "R")]
    assert {"sleeping-function", "scheduling-while-atomic"} <= {str(kind) for kind, _ in hung.reports}


RECURSION = re.compile(
    r"BUG: spinlock recursion on CPU#(\d), (task1/\d+)\n"
    r" lock: \(address\), \.magic: dead4ead, \.owner: \2, \.owner_cpu: \1"
)


def test_a_spinlock_taken_twice_is_recorded_where_there_are_several_cpus() -> None:
    """No test boots several CPUs, so this report of the kernel's stands on its recording, word for word."""
    recording = load_recording("spinlocks_alone")
    assert recording is not None
    spun, alone = (recording.find("self", "1", name) for name in ("smp", "debug"))
    assert spun is not None
    assert alone is not None
    assert (spun.turns, spun.returns, spun.waits) == ("1 1", [None], [[1, "A.migration_lock", 1, "R"]])
    assert spun.reports == [["soft-lockup", 1], ["spinlock-recursion", 1]]
    assert RECURSION.fullmatch("\n".join(recording.words[spun.words[0]]))
    predicted = predict(make_case("spinlocks_alone", "self").program, (1, 1), CONFIGURATIONS["smp"])
    assert [list(one.finding) for one in predicted.told] == [["spinlock-recursion", 1], ["soft-lockup", 1]]
    assert (alone.waits, alone.words) == ([[1, "A.migration_lock", 1, "-"]], [])  # one CPU has nothing to spin at
    assert outcome_lines(make_case("spinlocks_alone", "self").program, alone) == [
        "task 1 would spin, had this kernel several CPUs, for A.migration_lock, which task 1 holds"
    ]


def test_two_spinlocks_in_a_ring_are_recorded_with_the_watchdog_alone() -> None:
    recording = load_recording("spinlocks_alone")
    assert recording is not None
    run = recording.find("double", "1 2", "smp")
    assert run is not None
    assert run.waits == [[1, "A.migration_lock", 2, "R"], [2, "B.migration_lock", 1, "R"]]
    assert {str(kind) for kind, _ in run.reports} == {"soft-lockup"}
    assert all(line.startswith("watchdog: BUG: soft lockup - CPU#") for line in recording.said(run))


def test_the_words_of_a_warning_are_one_report() -> None:
    """On x86 they stand before the line "WARNING: CPU", elsewhere after it."""
    console = "------------[ cut here ]------------\nrtmutex deadlock detected\nWARNING: CPU: 1 PID: 47 at f+0x1/0x2\n"
    assert excerpt(console) == [("rtmutex deadlock detected", "WARNING: CPU: 1 PID: 47 at f+0x1/0x2")]
    elsewhere = ("WARNING: CPU: 0 PID: 23 at kernel/locking/mutex.c:930 f+0x1/0x2", "DEBUG_LOCKS_WARN_ON(one != other)")
    assert excerpt("\n".join(elsewhere)) == [elsewhere]
    assert len(excerpt("\n".join([*elsewhere, *elsewhere[:1], "BUG: another report"]))) == 2


def test_words_are_trimmed_of_what_differs_from_boot_to_boot() -> None:
    console = (
        "sevviz: turn 1\n\n=====\nWARNING: possible recursive locking detected\n6.12.117 #1 Not tainted\n"
        "000000009411a860 (&kvm->lock){+.+.}-{3:3}, at: migrate+0x77/0x140\nCPU: 0 UID: 0 PID: 23\nStack:\n"
        " 60445e00 94157c00\nCall Trace:\n [<6001bf20>] ? show_stack+0x0/0xc0\nsevviz: end\n"
    )
    assert excerpt(console) == [
        (
            "WARNING: possible recursive locking detected",
            "6.12.117 #1 Not tainted",
            "(address) (&kvm->lock){+.+.}-{3:3}, at: migrate+0x77/0x140",
        )
    ]


def test_a_recording_is_json_with_a_run_on_each_line() -> None:
    text = (folder() / "naive.json").read_text(encoding="utf-8")
    assert text.count('  ["debug", "double", ') == 6
    assert json.loads(text)["format"] == 2


def test_a_reader_finds_the_kernels_words_for_a_schedule() -> None:
    recording = load_recording("naive")
    assert recording is not None
    run = recording.find("double", "1 2")
    assert run is not None
    assert run.waits == [[1, "A.lock", 2, "D"], [2, "B.lock", 1, "D"]]
    assert "WARNING: possible recursive locking detected" in recording.said(run)
    assert "INFO: task task2:24 blocked for more than 10 seconds." in recording.said(run)
    assert recording.find("double", "2 2 2") is None


def test_without_the_packages_the_command_names_them(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(build, "TARBALL", TARBALL.with_name("no-such-file"))
    assert main(["build"]) == 3
    said = capsys.readouterr().err
    assert "apt-get install linux-source-6.12 gcc make flex bison bc xz-utils" in said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["compare"], "name schemes, or say --all"),
        (["compare", "naive", "--configuration", "rt"], "the model has no rules for PREEMPT_RT"),
        (["run", "nonesuch", "--schedule", "1"], "no scheme 'nonesuch'"),
        (["run", "naive", "--schedule", "x"], "'x' is not a task"),
        (["run", "naive", "--scenario", "weak", "--schedule", "1"], "weak memory order"),
        (["run", "v4", "--schedule", "1~ 1"], "cannot be forced on a kernel; leave out the ~"),
        (["run", "v4", "--schedule", "1~+2"], "cannot be forced on a kernel; leave out the ~"),
        (["run", "v4", "--schedule", "1+"], "nothing stands on one side of a plus in '1+'"),
    ],
)
def test_bad_input_is_an_error_that_helps(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("words", [["--workers", "0"], ["--most", "0"], ["--most", "-3"], ["--most", "x"]])
def test_numbers_below_one_are_refused(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["compare", "naive", *words])
    assert f"argument {words[0]}: must be 1 or more, not {words[1]!r}" in capsys.readouterr().err


@pytest.mark.parametrize("command", [["compare"], ["compare", "--keep"], ["record"]])
@pytest.mark.parametrize("other", ["y/same.c", "x/same.c"])
def test_two_schemes_of_one_name_are_refused(
    command: list[str], other: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """They would be one in a kernel, and in a table."""
    monkeypatch.chdir(tmp_path)
    for place in (tmp_path / "x", tmp_path / "y"):
        place.mkdir()
        (place / "same.c").write_text(sevviz.load("naive").text.text)
    assert main([*command, "naive", "x/same.c", other]) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"{command[0]}: x/same.c, {other}: 2 schemes of the name 'same', and a kernel has one")


@pytest.mark.parametrize("command", [["compare", "--keep"], ["record"]])
@pytest.mark.parametrize("name", ["own", "naive"])
def test_what_is_kept_is_of_shipped_schemes_only(
    command: list[str], name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nor of a file that has only the name of one."""
    path = tmp_path / f"{name}.c"
    path.write_text(sevviz.load("naive").text.text.replace("return 0;", "return 1;"))
    assert main([*command, str(path)]) == 2
    assert f"{command[0]}: {name}: no shipped scheme, and data/kernel is for those only" in capsys.readouterr().err
