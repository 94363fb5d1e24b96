"""Every exercise solved, mis-solved and over-solved; marking is safe, plain and never wrong where it cannot know."""

from __future__ import annotations

import json
import os
import re
import sys
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

import pytest

from sevviz.catalogue import load_text, make_scenario, program
from sevviz.exercises import ExerciseError, Limits, Mark, Worker, check, exercise_names, folder, load_exercise
from sevviz.exercises.marking import mark_here
from sevviz.exercises.model import KINDS
from sevviz.schedule import parse_schedule
from sevviz.traces import replay

if TYPE_CHECKING:
    from sevviz.exercises.mark import Evidence
    from sevviz.exercises.model import Exercise, Sample

NAMES = exercise_names()
SAMPLES = [(name, number) for name in NAMES for number in range(len(load_exercise(name).samples))]
HEADER = "/*\n * title: An answer\n * source: a test\n * entry: migrate\n */\n"
ENDLESS = f"{HEADER}static int migrate(struct kvm *dst, struct kvm *src)\n{{\n\tfor (;;)\n\t\t;\n}}\n"
COUNTER = f"""{HEADER}static int migrate(struct kvm *dst, struct kvm *src)
{{
	int i = 0;

	while (i >= 0) {{
		WRITE_ONCE(dst->seen, i);
		i++;
	}}
	return 0;
}}
"""


@cache
def marked(name: str, number: int) -> tuple[Exercise, Sample, Mark]:
    exercise = load_exercise(name)
    return exercise, exercise.samples[number], mark_here(exercise, exercise.samples[number].answer)


def trace_of(evidence: Evidence) -> str:
    table = {
        "tasks": list(evidence.tasks),
        "signals": evidence.signals,
        "initial": dict(evidence.initial),
        "retry": "forever" if evidence.retry is None else evidence.retry,
        **({"cpus": evidence.cpus} if evidence.cpus else {}),
    }
    made = program(load_text(evidence.scheme), make_scenario("", table))
    schedule = parse_schedule(f"{evidence.schedule} {evidence.loop}", len(evidence.tasks))
    return replay(made, schedule)[1]


def test_there_are_twelve_or_more_in_all_four_kinds() -> None:
    assert len(NAMES) >= 12
    assert {load_exercise(name).kind for name in NAMES} == set(KINDS)


@pytest.mark.parametrize(("name", "number"), SAMPLES)
def test_every_sample_answer_gets_the_verdict_it_deserves_with_evidence_that_can_be_replayed(
    name: str, number: int
) -> None:
    exercise, sample, mark = marked(name, number)
    assert mark.verdict == sample.verdict, str(mark)
    told = str(mark).split("\n\n")[0].split("\n")
    assert sample.says.lower() in " ".join(str(mark).lower().split())
    assert all(len(line) <= 88 or " " not in line.strip() for line in told), "a notebook breaks it in mid-word"
    assert not re.search(r"\b1 (steps|states|points)\b", str(mark))
    assert mark.right == (mark.points == mark.out_of)
    assert Mark.from_json(json.loads(json.dumps(mark.to_json()))) == mark
    shown = [finding.evidence for finding in mark.findings if finding.evidence is not None]
    for evidence in shown:
        assert trace_of(evidence) == "" or exercise.kind == "construct"
        assert evidence.schedule in evidence.text
    if mark.verdict in ("too weak", "too strong", "endless", "too narrow", "too long"):
        assert shown, "a verdict that speaks of a schedule shows one"
    if mark.verdict == "endless":
        assert mark.evidence is not None
        assert mark.evidence.loop


def test_every_kind_has_right_wrong_and_overdone_samples() -> None:
    verdicts: dict[str, set[str]] = {kind: set() for kind in KINDS}
    for name in NAMES:
        exercise = load_exercise(name)
        verdicts[exercise.kind] |= {sample.verdict for sample in exercise.samples}
    assert {"right", "too narrow", "too wide", "unreadable"} <= verdicts["predict"]
    assert {"right", "wrong", "too long", "unreadable", "unanswered"} <= verdicts["construct"]
    assert {"right", "wrong", "too wide", "unreadable"} <= verdicts["spot"]
    assert {"right", "too weak", "too strong", "endless", "unreadable"} <= verdicts["repair"]


@pytest.mark.parametrize("name", [name for name in NAMES if name.startswith("repair_")])
def test_an_answer_that_locks_too_much_is_shown_what_the_reference_can_do(name: str) -> None:
    exercise = load_exercise(name)
    strong = [mark_here(exercise, sample.answer) for sample in exercise.samples if sample.verdict == "too strong"]
    assert strong
    solutions = {sample.answer for sample in exercise.samples if sample.verdict == "right"}
    for mark in strong:
        assert mark.evidence is not None
        assert mark.evidence.on.startswith("the reference")
        assert mark.evidence.scheme not in solutions, "the reference must not be the solution"
        assert 0 <= mark.points < mark.out_of


@pytest.mark.parametrize("name", [name for name in NAMES if name.startswith("repair_")])
def test_the_starter_fails_and_earns_nothing(name: str) -> None:
    exercise = load_exercise(name)
    mark = mark_here(exercise, exercise.code)
    assert not mark.right
    assert mark.points == 0


@pytest.mark.parametrize(("name", "number"), SAMPLES)
def test_a_search_that_is_cut_short_never_calls_an_answer_wrong_or_right_without_proof(name: str, number: int) -> None:
    exercise, sample, full = marked(name, number)
    for states in (2, 25):
        cut = mark_here(exercise, sample.answer, Limits(states=states))
        if full.right:
            assert cut.verdict in ("right", "undecided"), str(cut)
        else:
            assert not cut.right
        assert cut.points <= full.points
        assert cut.out_of == full.out_of


def test_an_undecided_mark_says_what_could_still_be_earned() -> None:
    exercise = load_exercise("repair_v4")
    right = next(sample.answer for sample in exercise.samples if sample.verdict == "right")
    mark = mark_here(exercise, right, Limits(states=100))
    assert mark.verdict == "undecided"
    assert mark.points + mark.undecided == mark.out_of


def test_hidden_criteria_count_only_when_they_are_asked_for() -> None:
    exercise = load_exercise("repair_winner")
    right = next(sample.answer for sample in exercise.samples if sample.verdict == "right")
    told, all_of_them = mark_here(exercise, right, hidden=False), mark_here(exercise, right)
    assert told.right
    assert all_of_them.out_of - told.out_of == sum(c.points for c in exercise.criteria if c.hidden) > 0


# Answers that try it on.


def test_a_header_cannot_excuse_a_flag_that_is_left_set() -> None:
    exercise = load_exercise("repair_leaked_flag")
    excused = exercise.code.replace("persistent: has_state", "persistent: has_state, migration_in_progress")
    mark = mark_here(exercise, excused)
    assert mark.verdict == "too weak"
    assert mark.points == 0


def test_an_answer_cannot_change_what_others_do() -> None:
    exercise = load_exercise("repair_label")
    lazy = exercise.code.replace(
        "\tmutex_lock(&kvm->vcpu0.mutex);\n\tmutex_unlock(&kvm->vcpu0.mutex);\n\treturn 0;", "\treturn 0;"
    )
    assert lazy != exercise.code
    mark = mark_here(exercise, lazy)
    assert mark.verdict == "unreadable"
    assert "vcpu_run() is what others do" in mark.message
    hidden_in_a_comment = (
        lazy + "/* " + exercise.code[exercise.code.index("static int vcpu_run") :].split("}")[0] + "} */"
    )
    assert mark_here(exercise, hidden_in_a_comment).verdict == "unreadable"
    killable = load_exercise("repair_killable")
    for bystander in ("ioctl", "vcpu_run"):
        own = f"{killable.code}\nstatic int {bystander}(struct kvm *kvm)\n{{\n\treturn 0;\n}}\n"
        assert f"{bystander} is what others do" in mark_here(killable, own).message


def test_returning_0_without_the_work_earns_nothing() -> None:
    exercise = load_exercise("repair_retry")
    lazy = exercise.code.replace("\t\tcond_resched();\n\t\tgoto again;\n", "\t\treturn 0;\n").replace("again:\n", "")
    mark = mark_here(exercise, lazy)
    assert mark.points == 0
    assert "has not moved anything" in str(mark)


def test_working_without_the_mutexes_earns_nothing() -> None:
    exercise = load_exercise("repair_overlap")
    bare = ENDLESS.replace("\tfor (;;)\n\t\t;", "\tsev_migrate_from(dst, src);\n\treturn 0;")
    mark = mark_here(exercise, bare)
    assert mark.points == 0
    assert "inside without" in " ".join(str(mark).split())


# In a process of its own.


def test_check_gives_the_same_mark_as_marking_in_this_process() -> None:
    exercise, sample, mark = marked("repair_self_move", 1)
    assert check(exercise.name, sample.answer) == mark


def test_hash_randomisation_changes_no_mark(monkeypatch: pytest.MonkeyPatch) -> None:
    exercise, sample, mark = marked("repair_winner", 1)
    for seed in ("1", "2"):
        monkeypatch.setitem(os.environ, "PYTHONHASHSEED", seed)
        with Worker() as worker:
            assert worker.mark(folder() / f"{exercise.name}.toml", sample.answer) == mark


def test_c_that_never_ends_is_endless_and_c_that_counts_on_is_undecided() -> None:
    assert check("repair_v4", ENDLESS).verdict == "endless"
    mark = check("repair_v4", COUNTER, limits=Limits(states=2_000))
    assert mark.verdict == "undecided"
    assert "more than the limit" in str(mark)


def test_ten_megabytes_are_refused_at_once() -> None:
    mark = check("repair_v4", "x" * 10_000_000)
    assert mark.verdict == "too large"
    assert "10,000,000 bytes" in mark.message


def test_what_takes_too_long_is_stopped_and_undecided() -> None:
    mark = check("repair_v4", COUNTER, limits=Limits(states=10**9, seconds=1))
    assert mark.verdict == "undecided"
    assert "more than 1 seconds" in mark.message


def test_a_machine_that_cannot_mark_says_so_and_blames_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with Worker() as worker, pytest.raises(ExerciseError, match="cannot start a process of its own"):
        worker.mark(folder() / "repair_v4.toml", "x")


@pytest.mark.slow
def test_what_needs_too_much_memory_is_stopped_and_undecided() -> None:
    mark = check("repair_v4", COUNTER, limits=Limits(states=10**9, seconds=60, megabytes=130))
    assert mark.verdict == "undecided"
    assert "memory" in mark.message


@pytest.mark.parametrize(
    "answer",
    ["\0" * 1000, "\udc80\udcff", "(" * 5000, "/*", "int", HEADER, "}" * 999, "\x1b[2J", "é" * 9, "#if 0"],
)
@pytest.mark.parametrize("name", ["predict_free_mutex", "construct_selftest", "spot_splat", "repair_v4"])
def test_nonsense_is_unreadable_and_says_why(name: str, answer: str) -> None:
    mark = mark_here(load_exercise(name), answer)
    assert mark.verdict == "unreadable"
    assert mark.points == 0
    assert mark.message


def test_an_error_in_the_c_is_shown_at_its_line() -> None:
    exercise = load_exercise("repair_self_move")
    line = exercise.code.split("\n").index("\treturn 0;")
    broken = exercise.code.replace("\treturn 0;", "\tmutex_lok(&dst->lock);\n\treturn 0;")
    mark = mark_here(exercise, broken)
    assert (mark.verdict, mark.line, mark.column) == ("unreadable", line + 1, 2)
    assert "mutex_lock" in mark.message, "the near name is suggested"


def test_an_exercise_that_does_not_exist_is_an_error_that_names_the_near_one() -> None:
    with pytest.raises(ExerciseError, match=r"no exercise 'repair_v44'.*repair_v4"):
        check("repair_v44", "")


def test_a_fault_of_the_marker_is_never_the_students(monkeypatch: pytest.MonkeyPatch) -> None:
    import io

    from sevviz.exercises import serving

    def fail(*_: object, **__: object) -> Mark:
        raise ZeroDivisionError

    monkeypatch.setattr(serving, "mark_here", fail)
    order = {"exercise": str(folder() / "repair_v4.toml"), "answer": "x", "hidden": True}
    out = io.StringIO()
    serving.serve(io.StringIO(json.dumps(order) + "\n"), out, Limits())
    mark = Mark.from_json(json.loads(out.getvalue()))
    assert mark.verdict == "undecided"
    assert "a person has to look" in mark.message


def test_a_prediction_tells_one_missing_ending_at_a_time() -> None:
    exercise = load_exercise("predict_opposite_flags")
    mark = mark_here(exercise, "none")
    told = [option.label for option in exercise.options if option.label in str(mark)]
    assert len(told) == 1


def test_the_truth_follows_the_scheme_and_is_not_written_down() -> None:
    exercise = load_exercise("predict_opposite_flags")
    changed = replace(exercise, code=load_exercise("repair_overlap").code)
    assert mark_here(exercise, "abcd").right
    assert mark_here(changed, "a").right, "under a global mutex both moves always return 0"
