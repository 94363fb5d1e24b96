"""Questions: what is asked, what is told after the commit, and that the notebooks ask before they tell."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest
from toys import SAME, verdict

import sevviz
from sevviz.catalogue import make_scenario
from sevviz.errors import SevvizError
from sevviz.questions import MOST_TUPLES, ask_payload, prediction_payload, static_html, static_text

NOTEBOOKS = sorted((Path(__file__).parent.parent / "notebooks").glob("[01]*.ipynb"))


def told(payload: dict[str, object]) -> dict[str, bool]:
    options = payload["options"]
    assert isinstance(options, list)
    return {option["text"]: option["happens"] for option in options}


def test_every_pair_of_results_is_offered_with_what_the_search_found() -> None:
    asked = sevviz.predict("flag_then_mutex", "double").payload
    assert told(asked) == {
        "Both return 0": True,
        "A→B returns 0, B→A returns -EBUSY": True,
        "A→B returns -EBUSY, B→A returns 0": True,
        "Both return -EBUSY": True,
        "They deadlock: none of the tasks involved ever goes on": False,
        "A task may sleep in atomic context, which the kernel forbids": False,
    }
    assert asked["options"][3]["truth"] == (
        "The search: it happens in 180 of 262 schedules; shortest: 1 1 2 1 1 2 2 1 2 2."
    )


def test_an_option_that_happens_has_its_schedule_as_data() -> None:
    """A page compares `about` with the payloads of its steppers, to show the schedule in one of them."""
    asked = sevviz.predict("naive", "double").payload
    schedules = {option["text"]: option["schedule"] for option in asked["options"]}
    assert schedules["They deadlock: none of the tasks involved ever goes on"] == "1 2"
    assert schedules["Both return -EBUSY"] == ""
    told = sevviz.Stepper("naive", "double").payload
    about = asked["about"]
    assert [about[name] for name in ("scheme", "title", "signals")] == [told[n] for n in ("scheme", "title", "signals")]
    assert about["scenario"]["name"] == told["scenario"]["name"] == "double"
    assert [task["label"] for task in about["tasks"]] == [task["label"] for task in told["tasks"]]


def test_of_many_results_some_of_both_kinds_are_offered() -> None:
    """Three tasks with three results each: 27 combinations are no question."""
    verdict = sevviz.check("sev_lock_two_vms", "signal")
    options = told(sevviz.predict("sev_lock_two_vms", "signal").payload)
    returned = {text: happens for text, happens in options.items() if text.startswith(("All of them", "A→B returns"))}
    assert len(returned) == MOST_TUPLES
    assert sum(returned.values()) == 4
    assert "A task gives back more than it has taken, or returns without having given everything back" in options
    assert options["All of them return -EINTR"] is False
    assert options["A→B returns -EINTR, B→A returns 0, ioctl(A) returns 0"] is True
    assert ("-EINTR", "0", "0") in verdict.returns


def test_an_unwinding_bug_is_among_the_answers_where_signals_may_come() -> None:
    calls = {"tasks": ["migrate(B, A)", "vcpu_run(B)"]}
    text = "A task gives back more than it has taken, or returns without having given everything back"
    assert text not in told(sevviz.predict("v8_vcpus", make_scenario("quiet", calls)).payload)
    killed = sevviz.predict("v8_vcpus", make_scenario("killed", {**calls, "signals": True})).payload
    assert told(killed)[text] is True
    assert killed["options"][-1]["truth"] == (
        "The search: it happens in 840 of 18,433 schedules; shortest: 1 1 1 1 1 2 1! 1 1."
    )


def test_where_schedules_may_have_no_end_a_livelock_is_among_the_answers() -> None:
    """A loop that a fair scheduler can follow is one; a lock that one task takes again and again is none."""
    text = "They go round for ever, although each of them gets its turns"
    assert text not in told(sevviz.predict("flag_then_mutex", "double").payload)
    found = sevviz.check("flag_then_mutex", "retry").livelock
    assert found is not None
    loop = sevviz.format_schedule(found.loop)
    asked = sevviz.predict("flag_then_mutex", "retry").payload
    (option,) = (option for option in asked["options"] if option["text"] == text)
    assert option["happens"]
    assert option["truth"] == f"The search: it happens; again and again: {loop}."
    assert option["schedule"] == f"{loop} {loop}"
    spins = "while (atomic_cmpxchg(&dst->f, 0, 1)) cpu_relax(); atomic_set(&dst->f, 0); return 0;"
    assert told(prediction_payload(verdict(spins, *SAME), "What can happen?"))[text] is False


def test_a_search_that_did_not_finish_can_say_of_nothing_that_it_is_impossible() -> None:
    cut = sevviz.check("v4", "double", limit=100)
    with pytest.raises(SevvizError) as error:
        prediction_payload(cut, "What can happen?")
    assert str(error.value) == (
        "the search stopped after 100 states, so it cannot tell what is impossible: ask about fewer tasks"
    )


def test_a_question_of_ones_own() -> None:
    payload = ask_payload("How many?", [("one", False, "It is two."), ("two", True, "")], one=True)
    assert payload["one"] is True
    assert told(payload) == {"one": False, "two": True}
    assert "<li>one: It is two.</li><li>two: This one.</li>" in static_html(payload)
    assert static_text(payload) == "How many?\n[ ] one\n[ ] two"
    many = ask_payload("Which?", [("one", True, "Seen."), ("two", False, "Never.")], explanation="<All> runs.")
    assert "<li>one: Yes. Seen.</li><li>two: No. Never.</li></ul><p>&lt;All&gt; runs.</p>" in static_html(many)


def test_the_question_in_the_teaching_guide_can_be_asked() -> None:
    """Somebody always gets through where flags are claimed in one order."""
    guide = json.loads((NOTEBOOKS[0].parent / "teaching_guide.ipynb").read_text(encoding="utf-8"))
    prose = next(text for text in ("".join(cell["source"]) for cell in guide["cells"]) if "sevviz.ask(" in text)
    lines = [line[4:] for line in prose.splitlines() if line.startswith("    ")]
    source = "\n".join(lines).replace("sevviz.ask(", "asked = sevviz.ask(")
    scope: dict[str, object] = {"sevviz": sevviz}
    exec(source, scope)  # noqa: S102 - our own example
    asked = scope["asked"]
    assert isinstance(asked, sevviz.Prediction)
    assert told(asked.payload) == {"0": False, "1": True, "2": True, "3": True}


def test_a_stepper_that_waits_for_a_prediction_is_covered_until_it_is_committed() -> None:
    guess = sevviz.predict("naive")
    stepper = sevviz.Stepper("naive", after=guess)
    covered = [stepper.veiled]
    guess.set_trait("committed", [1])
    covered += [one.veiled for one in (stepper, sevviz.Stepper("naive", after=guess), sevviz.Stepper("naive"))]
    assert covered == [True, False, False, False]


@pytest.mark.parametrize(
    ("options", "one", "message"),
    [
        ([("a", True, "")], False, "ask('Q?'): a question needs at least two different options, not ['a']"),
        ([("a", True, ""), ("a", False, "")], False, "at least two different options, not ['a', 'a']"),
        (
            [("a", True, ""), ("b", True, "")],
            True,
            "with one=True exactly one option must be so, not 2; leave `one` out",
        ),
        ([("a", False, ""), ("b", False, "")], True, "exactly one option must be so, not 0"),
    ],
)
def test_a_question_that_asks_nothing_is_refused(
    options: list[tuple[str, bool, str]], *, one: bool, message: str
) -> None:
    with pytest.raises(SevvizError) as error:
        sevviz.ask("Q?", options, one=one)
    assert message in str(error.value)


def asks(source: str) -> bool:
    """Whether a cell ends with a question and shows nothing else."""
    body = ast.parse(source).body
    last = body[-1].value if body and isinstance(body[-1], ast.Expr) else None
    if isinstance(last, ast.Name) and len(body) > 1 and isinstance(body[-2], ast.Assign):
        last = body[-2].value if ast.unparse(body[-2].targets[0]) == last.id else None
    shown = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Name) and node.id == "print"]
    return isinstance(last, ast.Call) and ast.unparse(last.func) in ("sevviz.ask", "sevviz.predict") and not shown


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_prediction_is_committed_before_anything_is_shown(path: Path) -> None:
    """Each "Predict" in the text is followed at once by a question that can be committed to."""
    cells = [
        (cell["cell_type"], "".join(cell["source"])) for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]
    ]
    called = [number for number, (kind, text) in enumerate(cells) if kind == "markdown" and "**Predict" in text]
    assert called, "a notebook of the book asks something"
    for number in called:
        assert cells[number][1].count("**Predict") == 1
        below = next(text for kind, text in cells[number + 1 :] if kind == "code" and not _only_defines(text))
        assert asks(below), below
    questions = [text for kind, text in cells if kind == "code" and asks(text)]
    assert len(questions) >= len(called)


def _only_defines(source: str) -> bool:
    return (
        all(
            isinstance(node, ast.Import | ast.ImportFrom | ast.Assign | ast.FunctionDef | ast.AugAssign | ast.For)
            for node in ast.parse(source).body
        )
        and "print(" not in source
    )
