"""Authors: an exercise is two files, and a linter proves that it is fit for students."""

from __future__ import annotations

import json
import re
import shutil
from itertools import pairwise
from pathlib import Path

import pytest

from sevviz.exercises import ExerciseError, check, exercise_names, folder, load_exercise, read_exercise
from sevviz.exercises.commands import main
from sevviz.exercises.lint import lint


@pytest.mark.parametrize("name", exercise_names())
def test_no_exercise_of_ours_has_a_problem(name: str) -> None:
    assert lint(folder() / f"{name}.toml") == []


@pytest.mark.parametrize("name", ["repair_retry", "spot_leak", "construct_selftest", "predict_which_shapes"])
def test_a_newcomer_adds_an_exercise_by_copying_two_files(name: str, tmp_path: Path) -> None:
    mine = tmp_path / f"{name}_of_mine.toml"
    shutil.copy(folder() / f"{name}.toml", mine)
    if (folder() / f"{name}.c").is_file():
        shutil.copy(folder() / f"{name}.c", mine.with_suffix(".c"))
    assert lint(mine) == []
    exercise = read_exercise(mine)
    right = next(sample.answer for sample in exercise.samples if sample.verdict == "right")
    assert check(mine.stem, right, where=tmp_path).right
    assert check(mine, right).right


def changed(tmp_path: Path, name: str, *pairs: tuple[str, str]) -> Path:
    """A copy of an exercise with pieces of its TOML replaced; a piece that is not there is a mistake of the test."""
    text = (folder() / f"{name}.toml").read_text(encoding="utf-8")
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new, 1)
    path = tmp_path / f"{name}.toml"
    path.write_text(text, encoding="utf-8")
    if (folder() / f"{name}.c").is_file():
        shutil.copy(folder() / f"{name}.c", tmp_path)
    return path


GATE = 'rule = "works"\ngate = true\n'
PROBLEMS = [
    ("repair_retry", [('verdict = "right"', 'verdict = "too weak"')], "is said to be too weak, and is marked right"),
    ("repair_retry", [('says = "same time"', 'says = "abracadabra"')], "does not have the words 'abracadabra'"),
    ("repair_retry", [(GATE, 'rule = "works"\n')], "no criterion is a gate"),
    ("repair_retry", [('verdict = "too strong"', 'verdict = "too weak"')], "needs a sample that is too weak and one"),
    ("repair_retry", [('rule = "overlap"', 'rule = "safe"')], "nothing rejects an answer that locks too much"),
    (
        "repair_overlap",
        [('reference = "naive"', 'reference = "flag_then_mutexx"')],
        "reference 'flag_then_mutexx' is neither starter nor a scheme; did you mean 'flag_then_mutex'",
    ),
    ("repair_v4", [('scheme = "v4"', 'scheme = "flag_then_mutex"')], "the text to replace occurs 0 times"),
    ("spot_leak", [('"goto undo;"]]', '"goto release_dst;"]]')], "nothing proves that this is the line"),
    ("spot_leak", [('text = "goto unlock;"', 'text = "mutex_unlock"')], "lines have the text 'mutex_unlock'"),
    ("spot_alone", [('"self-deadlock", "unlock', '"unlock')], "must have something right and something wrong"),
    ("construct_selftest", [("at_most = 6", "at_most = 3")], "the shortest schedule has 4 steps"),
    ("construct_nobody_wins", [('scheme = "flag_then_mutex"', 'scheme = "naive"')], "no schedule reaches the target"),
    ("predict_free_mutex", [('reach = "deadlock"', 'reach = "sleep-in-atomic"')], "and is marked"),
    ("predict_free_mutex", [('goal = "', f'goal = "{"very " * 30}')], "must be one line of up to"),
    ("predict_free_mutex", [("minutes = 5", "minutes = 0")], "minutes is missing"),
]


@pytest.mark.parametrize(("name", "pairs", "problem"), PROBLEMS)
def test_the_linter_finds_what_an_author_gets_wrong(
    name: str, pairs: list[tuple[str, str]], problem: str, tmp_path: Path
) -> None:
    problems = lint(changed(tmp_path, name, *pairs))
    assert problem in "\n".join(problems)
    assert bool(problems) == bool(problem)


def test_a_hidden_criterion_that_is_told_and_a_solution_that_is_told_are_found(tmp_path: Path) -> None:
    told = changed(
        tmp_path,
        "repair_winner",
        ("The flags keep", "Note: in a ring of three one always succeeds too. The flags keep"),
    )
    assert "the hidden criterion" in "\n".join(lint(told))
    told = changed(tmp_path, "construct_nobody_wins", ("The flags were", "Try 1 1 2 2 1 2 1 1 2 2. The flags were"))
    assert "a solution is in the student's notebook" in "\n".join(lint(told))
    line = "if (mutex_lock_killable(&kvm->lock)) {"
    told = changed(tmp_path, "repair_killable", ("Let the signal end this wait,", f"Write {line} here,"))
    assert "gives the answer away" in "\n".join(lint(told))


@pytest.mark.parametrize(
    ("pairs", "message"),
    [
        ([('title = "', "titel = '")], "at line 1"),
        ([("minutes = 15", "minuets = 15")], "unknown key 'minuets' in exercise; did you mean 'minutes'"),
        ([('kind = "repair"', 'kind = "mend"')], "kind 'mend' is none of predict, construct, spot, repair"),
        ([('rule = "no-livelock"', 'rule = "no-livelok"')], "rule 'no-livelok' is none of clean"),
        ([('goal = "Change', 'goal = ""\nsource = "x"\n#')], "Cannot overwrite"),
        ([("[[criteria]]", "[criteria]")], ""),
        ([('scenario = "double"', 'scheme = "v44"\nscenario = "double"')], "scheme 'v44' is none of"),
    ],
)
def test_a_file_that_is_not_understood_is_named_with_the_key(
    pairs: list[tuple[str, str]], message: str, tmp_path: Path
) -> None:
    path = changed(tmp_path, "repair_retry", *pairs)
    with pytest.raises(ExerciseError, match=r"^repair_retry\.toml: ") as caught:
        read_exercise(path)
    assert message in str(caught.value)
    assert lint(path) == [f"repair_retry: {caught.value}"]


def test_a_missing_c_file_is_named(tmp_path: Path) -> None:
    path = changed(tmp_path, "repair_retry")
    path.with_suffix(".c").unlink()
    with pytest.raises(ExerciseError, match=r"there is no repair_retry\.c beside it, and no scheme is named"):
        read_exercise(path)


# The command.


def test_the_command_lists_lints_and_marks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == len(exercise_names())
    assert main(["lint", "spot_alone", str(folder() / "spot_leak.toml")]) == 0
    assert "2 exercises, no problems" in capsys.readouterr().out
    (tmp_path / "answer.txt").write_text("2 1")
    assert main(["check", "construct_first_deadlock", str(tmp_path / "answer.txt")]) == 0
    assert "right, 5 of 5 points" in capsys.readouterr().out
    (tmp_path / "answer.txt").write_text("1 1")
    assert main(["check", "construct_first_deadlock", str(tmp_path / "answer.txt"), "--json"]) == 1
    assert '"verdict": "wrong"' in capsys.readouterr().out


def test_the_command_finds_problems_in_a_folder_of_ones_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    changed(tmp_path, "construct_selftest", ("at_most = 6", "at_most = 3"))
    assert main(["--exercises", str(tmp_path), "lint"]) == 1
    assert "construct_selftest: at_most is 3" in capsys.readouterr().out


def test_the_command_says_bad_input_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "repair_v44", "nowhere.c"]) == 2
    assert main(["check", "repair_v44", "/dev/null"]) == 2
    told = capsys.readouterr().err
    assert "nowhere.c" in told
    assert "no exercise 'repair_v44'" in told
    assert "Traceback" not in told


# The teaching guide.

GUIDE = Path(__file__).parent.parent / "notebooks" / "teaching_guide.ipynb"


def guide() -> list[str]:
    """The texts of its cells."""
    return ["".join(cell["source"]) for cell in json.loads(GUIDE.read_text(encoding="utf-8"))["cells"]]


@pytest.mark.parametrize("name", exercise_names())
def test_the_guide_says_of_each_exercise_what_it_is_against(name: str) -> None:
    exercise = load_exercise(name)
    row = (exercise.title, exercise.kind, exercise.minutes, exercise.misconception, exercise.study)
    assert f"| {' | '.join(map(str, row))} |" in "\n".join(guide())


@pytest.mark.parametrize("minutes", [50, 100])
def test_a_lesson_plan_fills_its_time_and_gives_each_exercise_the_time_it_needs(minutes: int) -> None:
    plan = next(text for text in guide() if f"A lesson of {minutes} minutes" in text)
    rows = re.findall(r"^\| (\d+)-(\d+) \| .* \| (.*?) ?\|$", plan, re.MULTILINE)
    times = [(int(begin), int(end)) for begin, end, _ in rows]
    assert times[0][0] == 0
    assert times[-1][1] == minutes
    assert all(before[1] == after[0] for before, after in pairwise(times))
    needed = {load_exercise(name).title: load_exercise(name).minutes for name in exercise_names()}
    for begin, end, title in rows:
        assert not title or int(end) - int(begin) == needed[title]
