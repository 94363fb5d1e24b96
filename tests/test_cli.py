"""The command line: contract 3, exit statuses, streams, and what people read."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from sevviz.catalogue import scheme_names
from sevviz.cli import main

ROOT = Path(__file__).parent.parent
GROWING = """/*
 * title: Grows
 * source: test
 * entry: migrate
 */
static int migrate(struct kvm *dst, struct kvm *src)
{
	int n = 0;

	while (READ_ONCE(dst->stop) == 0)
		n++;
	return 0;
}
"""


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command line as a process of its own."""
    return subprocess.run(
        [sys.executable, "-c", "import sys; from sevviz.cli import main; sys.exit(main())", *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def output(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Status, standard output and standard error of a command in this process."""
    status = main(arguments)
    captured = capsys.readouterr()
    return status, captured.out, captured.err


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["flag_then_mutex"], 0),
        (["naive"], 1),
        (["v4", "--scenario", "uncontended"], 1),
        (["flag_then_mutex", "--scenario", "retry"], 1),
        (["naive", "--scenario", "same"], 0),
        (["naive", "--limit", "3"], 3),
        (["naive", "--task", "migrate(B, A)"], 0),
        (["naive", "--task", "migrate(A, A)"], 1),
        (["nave"], 2),
        (["naive", "--scenario", "dubble"], 2),
        (["naive", "--task", "migrate(B)"], 2),
        (["naive", "--schedule", "1 1 3"], 2),
    ],
)
def test_exit_status_says_what_was_found(capsys: pytest.CaptureFixture[str], arguments: list[str], status: int) -> None:
    assert output(capsys, "check", *arguments)[0] == status


def test_json_is_one_object_on_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = output(capsys, "check", "naive", "--json")
    found = json.loads(out)
    assert (status, err, out.count("\n")) == (1, "", 1)
    assert found["format"] == 1
    assert found["tasks"] == ["migrate(B, A)", "migrate(A, B)"]
    assert (found["states"], found["transitions"], found["interleavings"]) == (27, 30, "6")
    deadlock = next(o for o in found["outcomes"] if o["kind"] == "deadlock")
    assert deadlock["returns"] == [None, None]
    assert (deadlock["interleavings"], deadlock["schedule"]) == ("2", "1 2")
    assert deadlock["cycle"] == [
        {"task": 1, "waits_for": "A.lock", "held_by": 2, "since": 2},
        {"task": 2, "waits_for": "B.lock", "held_by": 1, "since": 1},
    ]


def test_an_unfinished_search_never_says_that_there_is_no_deadlock(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = output(capsys, "check", "flag_then_mutex", "--limit", "50")
    assert status == 3
    assert out.strip().endswith(
        "Inconclusive: nothing wrong in the first 49 states, but the search did not finish; raise --limit."
    )
    assert "Certified" not in out


def test_a_deadlock_found_before_the_limit_is_reported(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = output(capsys, "check", "naive", "--limit", "9", "--json")
    found = json.loads(out)
    assert (status, found["complete"], found["interleavings"]) == (1, False, None)
    assert [o["schedule"] for o in found["outcomes"]] == ["1 2"]


def test_the_table_names_every_task_and_lock_of_a_deadlock(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = output(capsys, "check", "naive")
    assert "task 1 waits for A.lock, held by task 2 since step 2" in out
    assert "task 2 waits for B.lock, held by task 1 since step 1" in out
    assert "Every interleaving searched: 27 states, 30 transitions, 6 schedules." in out
    assert out.endswith("Found: a deadlock.\n")


def test_a_schedule_is_replayed_step_by_step(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = output(capsys, "check", "naive", "--schedule", "12")
    assert (status, err) == (1, "")
    assert "mutex_lock(B.lock)    B.lock: free → task 1" in out
    assert out.endswith(
        "\nDeadlock: task 1 (A→B) waits for A.lock, held by task 2 (B→A), which waits for\n"
        "B.lock, held by task 1. Nothing can end this.\n"
    )
    _, out, _ = output(capsys, "check", "naive_killable", "--schedule", "1 2")
    assert out.endswith("B.lock, held by task 1. Only a fatal signal could end this.\n")


def test_it_is_said_whom_sigkill_has_to_reach(capsys: pytest.CaptureFixture[str]) -> None:
    """A cycle of a killable wait and one that is not: the kernel reports the second one as hung."""
    _, mixed, _ = output(capsys, "check", "vcpu_before_vm", "--scenario", "running")
    told = "SIGKILL to task 1 ends it; the hung-task detector skips who waits killably, and reports the rest"
    assert mixed.split("\n\n")[2].splitlines()[4].strip() == told
    _, both, _ = output(capsys, "check", "naive_killable")
    assert "    SIGKILL ends it; the hung-task detector does not report killable waits" in both.splitlines()


def test_a_schedule_that_cannot_go_on_shows_its_beginning_and_says_why(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = output(capsys, "check", "naive", "--schedule", "1 2 2")
    assert status == 2
    assert "mutex_lock(A.lock)" in out
    expected = (
        "step 3 picks task 2 (migrate(A, B)), which waits for B.lock, held by task 1 since step 1; nothing is runnable"
    )
    assert err.strip() == expected


def test_a_misspelt_scheme_gets_a_suggestion(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = output(capsys, "check", "nave")
    assert (status, out) == (2, "")
    assert err == (
        "no scheme 'nave'; did you mean 'naive'? Else run `sevviz list` (in Python: sevviz.scheme_names()) "
        f"for the {len(scheme_names())} names, or give the path of a .c file\n"
    )
    for name in ("qqq", "no/such.c"):
        err = output(capsys, "check", name)[2]
        assert "; run `sevviz list` (in Python" in err
        assert "address_order" not in err, "not all names, which hide what went wrong"


@pytest.mark.parametrize(("word", "near"), [("chek", "; did you mean 'check'?"), ("frobnicate", "")])
def test_what_is_no_command_is_answered_with_all_that_are(
    capsys: pytest.CaptureFixture[str], word: str, near: str
) -> None:
    status, out, err = output(capsys, word, "v4")
    assert (status, out) == (2, "")
    assert err == (
        f"no command {word!r}{near}; commands are list, check, splat, figure, export, scale, promela, lab, test, "
        "kernel, exercises, grade\n"
    )


def test_the_help_of_check_says_what_it_answers_and_how_schedules_are_written(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        main(["check", "--help"])
    told = capsys.readouterr().out
    for words in ("Search every interleaving", "`sevviz list`", "exit status:", "3    inconclusive", "2!   ", "2~   "):
        assert words in told


@pytest.mark.parametrize(("written", "told"), [("-1", "1 or more"), ("x", "1 or more"), ("9" * 13, "at most")])
def test_a_limit_that_is_none_is_refused(capsys: pytest.CaptureFixture[str], written: str, told: str) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["check", "naive", "--limit", written])
    assert stopped.value.code == 2
    assert f"argument --limit: must be {told}" in capsys.readouterr().err


def test_a_counter_without_end_is_inconclusive_not_hung_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scheme = tmp_path / "grows.c"
    scheme.write_text(GROWING)
    status, out, _ = output(capsys, "check", str(scheme), "--limit", "2000", "--json")
    assert (status, json.loads(out)["complete"]) == (3, False)


def test_no_colour_in_a_pipe() -> None:
    assert "\x1b" not in run("check", "v4").stdout


def in_shell(command: str, shell: str) -> tuple[int, str]:
    """Status and standard error of a command of ours; `shell` says where its standard output goes."""
    ours = f'{sys.executable} -c "import sys; from sevviz.cli import main; sys.exit(main())" {command}'
    whole = ["bash", "-c", f"{ours} {shell}; exit ${{PIPESTATUS[0]}}"]
    done = subprocess.run(whole, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stderr


READERLESS = [
    ("check naive", 1),
    ("check naive --json", 1),
    ("check naive --schedule '1 2'", 1),
    ("check v4 --limit 10", 3),
    ("check naive --scenario ring5", 1),
    ("splat naive --schedule '1 2'", 1),
    ("list", 0),
    ("exercises list", 0),
]


@pytest.mark.parametrize(("command", "status"), READERLESS)
def test_the_status_is_the_same_when_the_reader_has_gone(command: str, status: int) -> None:
    assert in_shell(command, "| true") == (status, "")


WRITERS = ["list", "check naive", "check naive --json", "splat naive", "promela naive", "exercises list", "--help",
           "scale naive --to 2"]  # fmt: skip


@pytest.mark.parametrize("command", WRITERS)
def test_results_that_cannot_be_written_are_no_verdict(command: str) -> None:
    """Status 1 would say that a deadlock was found."""
    lost = "sevviz: the results cannot be written to standard output (No space left on device)\n"
    assert in_shell(command, "> /dev/full") == (2, lost)
    closed = "sevviz: standard output is closed, so the results have nowhere to go\n"
    assert in_shell(command, ">&-") == (2, closed)


def test_a_file_whose_name_is_not_utf_8_is_shown_with_escapes(tmp_path: Path) -> None:
    scheme = os.fsencode(tmp_path) + b"/caf\xe9.c"
    Path(os.fsdecode(scheme)).write_bytes((ROOT / "data" / "schemes" / "naive.c").read_bytes())
    ours: list[str | bytes] = [sys.executable, "-c", "import sys; from sevviz.cli import main; sys.exit(main())"]
    commands: list[tuple[list[str | bytes], int]] = [
        (["check", scheme, "--json"], 1),
        (["check", scheme], 1),
        (["promela", scheme, "-o", scheme + b".pml"], 0),
        (["export", scheme, "-o", scheme + b".html"], 0),
        (["figure", scheme, "-o", scheme + b".svg"], 0),
        (["check", scheme + b"c"], 2),
    ]
    for command, status in commands:
        done = subprocess.run([*ours, *command], cwd=ROOT, capture_output=True, timeout=60, check=False)
        assert (done.returncode, b"Traceback" in done.stderr) == (status, False), done.stderr
        if "--json" in command:
            assert json.loads(done.stdout.decode("utf-8"))["scheme"] == r"caf\udce9"


def test_json_is_json_where_standard_output_has_only_ascii() -> None:
    told = run("list", "--json", PYTHONIOENCODING="ascii").stdout
    assert json.loads(told)["scenarios"][0]["title"] == "A→B alone"


def test_an_error_that_cannot_be_told_is_still_bad_input() -> None:
    assert in_shell("check nothere", "2> /dev/full") == (2, "")
    assert in_shell("check nothere", "2>&-") == (2, "")
    assert in_shell("check naive", "> /dev/full 2> /dev/full") == (2, "")


def test_colour_on_a_terminal_unless_no_color_is_set() -> None:
    script = Path("/usr/bin/script")
    if not script.exists():  # util-linux, on every Debian
        pytest.fail("the test needs script(1) of util-linux (apt-get install bsdutils)")
    command = f'{sys.executable} -c \'from sevviz.cli import main; main(["check", "naive"])\''
    for setting, coloured in (("", True), ("1", False)):
        environment = {**os.environ, "NO_COLOR": setting, "TERM": "xterm"}
        done = subprocess.run(
            [str(script), "-qec", command, "/dev/null"],
            cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
            check=False,
        )  # fmt: skip
        assert ("\x1b[1;31mFound: a deadlock." in done.stdout) is coloured


def test_ctrl_c_ends_a_search_with_one_clean_line(tmp_path: Path) -> None:
    scheme = tmp_path / "grows.c"
    scheme.write_text(GROWING)
    code = "import sys; from sevviz.cli import main; sys.exit(main())"
    with subprocess.Popen(
        [sys.executable, "-c", code, "check", str(scheme), "--limit", "900000000"],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stderr is not None
        first = process.stderr.readline()  # the search says how far it is after two seconds
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
    assert "states after" in first
    assert process.returncode == 130
    assert err.splitlines()[-1] == "sevviz: interrupted"
    assert "Traceback" not in err


def test_list_names_every_scheme_and_scenario(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = output(capsys, "list")
    names = [path.stem for path in (ROOT / "data" / "schemes").glob("*.c")]
    assert all(f"  {name} " in out for name in [*names, "double", "ring3", "retry"])
    status, out, _ = output(capsys, "list", "--json")
    assert (status, {s["name"] for s in json.loads(out)["schemes"]}) == (0, set(names))


def test_a_replay_shows_stores_that_overtake_and_signals_as_they_are_written(
    capsys: pytest.CaptureFixture[str],
) -> None:
    schedule = "1 1 1 1 1 1 1 1 1 1 1 1 1~ 1"
    _, out, _ = output(capsys, "check", "v3_global_spinlock", "--scenario", "weak", "--schedule", schedule)
    assert "  13    1~    48  WRITE_ONCE(A.migration_in_progress, 0)" in out
    _, out, _ = output(capsys, "check", "naive", "--signals", "--schedule", "1!", "--json")
    assert (
        json.loads(out)["steps"][0] | {"call": "fatal signal", "task": 1, "signal": True} == json.loads(out)["steps"][0]
    )


def test_what_many_tasks_do_fits_on_the_screen(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = output(capsys, "check", "naive", "--scenario", "ring32")
    lines = out.splitlines()
    assert status == 1
    assert "deadlock  " + " ".join(str(task) for task in range(32, 0, -1)) in lines
    (success,) = [line for line in lines if line.startswith("0 x32 ")]
    assert success.endswith(" 26 ... (192 steps, all of them with --json)")
    assert max(len(line) for line in lines) < 200


def test_many_tasks_are_searched_with_decision_diagrams(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = output(capsys, "check", "naive", "--scenario", "ring8", "--json")
    found = json.loads(out)
    assert (status, found["engine"], found["complete"]) == (1, "symbolic", True)
    assert found["outcomes"][0]["schedule"].count(" ") == 7
    status, out, _ = output(capsys, "check", "flag_then_mutex", "--scenario", "ring16")
    assert status == 0
    assert "-EBUSY: 0 to 16 of 16 tasks at once" in out


def test_both_engines_answer_the_same_question(capsys: pytest.CaptureFixture[str]) -> None:
    found = []
    for engine in ("explicit", "symbolic"):
        _, out, _ = output(capsys, "check", "flag_then_mutex", "--scenario", "ring3", "--engine", engine, "--json")
        found.append(json.loads(out))
    assert [one["engine"] for one in found] == ["explicit", "symbolic"]
    assert found[0]["states"] == found[1]["states"]
    assert {tuple(o["returns"]) for o in found[0]["outcomes"]} == {tuple(o["returns"]) for o in found[1]["outcomes"]}


def test_promela_is_written_to_a_file_or_to_standard_output(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = output(capsys, "promela", "naive")
    assert status == 0
    assert "mutex_lock" in out
    assert output(capsys, "promela", "naive", "-o", str(tmp_path / "x.pml"))[0] == 0
    assert (tmp_path / "x.pml").read_text() == out
    assert output(capsys, "promela", "naive", "-o", str(tmp_path / "no" / "x.pml"))[0] == 2


def test_scale_shows_what_certainty_costs(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = output(capsys, "scale", "naive", "--scenario", "ring", "--to", "6")
    assert status == 0
    assert "failed: deadlock after 6 steps" in out
    assert "nodes grow about as N to the power" in out
    status, _, err = output(capsys, "scale", "naive", "--scenario", "rung")
    assert (status, err.startswith("no family of scenarios 'rung'; there are ring")) == (2, True)
