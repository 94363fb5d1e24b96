"""The lab and the live views from Python's side: what follows what, and errors that leave things standing."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

import sevviz
from sevviz.embedding import MIME, VARIABLE
from sevviz.errors import SevvizError
from sevviz.kernelviews import ClassesView, KernelView
from sevviz.liveviews import ProgressView, StateMapView, WhyView
from sevviz.stepper import Stepper, _told
from sevviz.views.changes import follow
from sevviz.views.progress import progress_graph, progress_text

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sevviz.labpanel import Lab

TRY = "if (!mutex_trylock(&src->lock)) {\n\t\tmutex_unlock(&dst->lock);\n\t\treturn -EBUSY;\n\t}"


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def bench() -> Lab:
    return sevviz.lab("naive", "double", "1 2")


def with_a_try(text: str) -> str:
    """The naive scheme with a trylock on the source."""
    return text.replace("mutex_lock(&src->lock);", TRY)


def test_the_timeline_is_that_of_the_program_that_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sevviz.stepper.REDRAW_AFTER", 0.0)

    async def drawn_after_each() -> None:
        bench = sevviz.lab("naive", "double", "1 2")
        kept = bench.save("here").stem.removesuffix(".sevviz")
        changes: list[tuple[Callable[[], object], str]] = [
            (lambda: bench.controls.set_trait("scheme", "v4"), "V4"),
            (lambda: bench.controls.set_trait("scenario", "ring3"), "V4"),
            (lambda: bench.controls.set_trait("scheme", "linux_5_16"), "Linux 5.16"),
            (lambda: bench.edit(bench.text.replace("Linux 5.16", "My kernel")), "My kernel"),
            (lambda: bench.load(kept), "Naive"),
        ]
        for change, title in changes:
            change()
            await asyncio.sleep(0.01)
            assert bench.stepper.schedule == "1 2"
            shown = bench.stepper.program
            assert title in shown.title
            assert shown.title in bench.stepper.figure["svg"]
            assert bench.stepper.figure["alt"] == _told(bench.stepper.trace)

    with ThreadPoolExecutor(1) as beside:  # this thread may have a loop already: a browser's, of another test
        beside.submit(asyncio.run, drawn_after_each()).result()


# Live views.


def test_a_view_follows_the_stepper_and_takes_it_along() -> None:
    stepper = Stepper("naive")
    progress, states, why = ProgressView(stepper), StateMapView(stepper), WhyView(stepper)
    progress.set_state({"schedule": "1 2", "step": 2})  # as the browser does at a click
    assert (stepper.schedule, stepper.step) == ("1 2", 2)
    assert (states.schedule, states.step) == ("1 2", 2)
    assert progress.payload["stairs"] == [[0, 0], [1, 0], [1, 1]]
    assert why.payload["remark"].startswith("Step 2 is the point of no return")
    stepper.show("1", 0)
    assert [(view.schedule, view.step) for view in (progress, states, why)] == [("1", 0)] * 3


def test_the_text_of_the_progress_graph_follows_the_reader() -> None:
    stepper = Stepper("flag_then_mutex")
    view = ProgressView(stepper)
    assert "schedule: none yet" in view.text
    stepper.show("1 2 1")
    assert view.text == progress_text(progress_graph(stepper.verdict, "1 2 1"))
    assert "text" not in view.payload, "one for all schedules would go stale"
    note = ProgressView(Stepper("naive", "self"))
    assert note.text == note.payload["note"]


def test_the_map_speaks_of_no_schedule_that_is_not_shown() -> None:
    stepper = Stepper("naive", schedule="1 1")
    view = StateMapView(stepper)
    stepper.schedule = "1 2"
    assert view.schedule == "1 2"
    assert "schedule" not in view.payload["alt"]
    assert view.payload["ends"] == "The schedule {schedule} ends in a {kind} state."
    assert view.payload["schedule"] == ""


def test_a_view_that_is_closed_lets_the_stepper_go() -> None:
    stepper = Stepper("naive")
    view = ProgressView(stepper)
    view.close()
    stepper.show("1 2")
    assert view.schedule == ""
    view.close()


def test_where_there_is_no_picture_a_view_says_why() -> None:
    assert ProgressView(Stepper("naive", "self")).payload == {
        "view": "note",
        "note": "A progress graph has two axes: it needs a scenario with at least two tasks.",
    }


def test_a_written_schedule_is_compared_anew() -> None:
    view = sevviz.compare(["naive", "v4"], "1 2")
    view.schedule = "1 2 2"
    assert view.comparison.schedule == (1, 2, 2)
    assert view.payload["schedule"] == "1 2 2"
    view.schedule = "1 9"
    assert view.payload["explanation"] == "schedule, step 2: there is no task 9; tasks are 1 to 2"
    assert view.comparison.schedule == (1, 2, 2)


def test_views_have_words_where_no_script_runs() -> None:
    for shown in (ProgressView(Stepper("naive")), sevviz.compare(["naive", "v4"], "1 2"), sevviz.lab("naive")):
        bundle: Any = shown._repr_mimebundle_()
        data = bundle[0] if isinstance(bundle, tuple) else bundle
        assert "application/vnd.jupyter.widget-view+json" in data
        assert "Naive" in data["text/plain"]
        assert "Naive" in data["text/html"]


def test_a_cell_of_the_matrix_opens_its_schedule() -> None:
    board = sevviz.matrix(["naive", "flag_then_mutex"], ["double"])
    board.view.set_state({"chosen": {"scheme": "naive", "scenario": "double"}})
    assert board.stepper is not None
    assert (board.stepper.program.name, board.stepper.schedule) == ("naive", "1 2")
    assert board.kernel is not None
    assert board.box.children == (board.view, board.stepper, board.kernel)
    recorded = [log["head"] for log in board.kernel.payload["logs"] if log["name"].startswith("Recorded")]
    assert recorded[0].endswith(" kernel (with lock checks), run at this interleaving, printed:")
    bundle = board._repr_mimebundle_()
    assert "<table>" in bundle["text/html"]
    assert board.to_csv().startswith("scheme,scenario,verdict")
    assert board.figure().alt.startswith("Matrix of 2 schemes")


# The lab.


def test_an_edit_is_searched_and_the_change_is_told(bench: Lab) -> None:
    assert bench.edit(with_a_try(bench.text))
    assert not bench.verdict.deadlocks
    assert bench.controls.verdict == (
        "Before: Deadlock in 2 of 6 schedules. Now: No deadlock, livelock or fault: all 49 states, all 20 schedules."
    )
    assert "gone: deadlock: 1→A.lock→2→B.lock→1 (2 of 6 schedules)" in bench.controls.changes
    assert "new: both -EBUSY (8 of 20 schedules)" in bench.controls.changes
    assert "changed: 0/0, 4 of 6 schedules → 4 of 20 schedules" in bench.controls.changes
    assert bench.stepper.schedule == "1 2", "the schedule is kept as far as it goes"
    assert bench.controls.edited


def test_an_error_is_shown_at_its_line_and_the_last_good_state_stays(bench: Lab) -> None:
    before = bench.stepper.payload
    assert not bench.edit(bench.text.replace("mutex_lock(&src", "mutex_lok(&src"))
    assert bench.controls.error["line"] == 16
    assert "unknown function 'mutex_lok'; did you mean 'mutex_lock'?" in bench.controls.error["message"]
    assert bench.stepper.payload is before
    assert bench.stepper.schedule == "1 2"
    assert bench.edit(bench.text.replace("mutex_lok", "mutex_lock"))
    assert bench.controls.error == {}


def test_the_first_step_that_differs_is_named(bench: Lab) -> None:
    bench.stepper.show("1 1 1")
    bench.edit(with_a_try(bench.text))
    assert bench.controls.remark == (
        "The first step of the schedule that differs is step 2: mutex_lock(A.lock) before, mutex_trylock(A.lock) = 1 "
        "now."
    )


def test_a_schedule_that_no_longer_goes_is_cut_with_the_reason(bench: Lab) -> None:
    bench.edit(with_a_try(bench.text))
    bench.stepper.show("1 2 1")
    bench.controls.request = {"action": "reset"}
    assert bench.stepper.schedule == "1 2"
    assert "The schedule ends earlier now: step 3 picks task 1 (migrate(B, A)), which waits for A.lock" in (
        bench.controls.remark
    )
    assert not bench.controls.edited


def test_fewer_tasks_cut_the_schedule() -> None:
    bench = sevviz.lab("naive", "ring3", "1 2 3")
    bench.controls.scenario = "double"
    assert bench.stepper.schedule == "1 2"
    assert "step 3 was 3, and there is no such task" in bench.controls.remark


def test_the_same_choices_in_another_program_are_compared_call_by_call() -> None:
    naive, chain = sevviz.program("naive"), sevviz.program("naive", "chain")
    trace, told = follow(naive, sevviz.run(naive, (1, 2)))
    assert (trace.schedule, told) == ((1, 2), "")
    _, told = follow(chain, sevviz.run(naive, (1, 2)))
    assert told.endswith("step 2: mutex_lock(A.lock) before, mutex_lock(C.lock) now.")


def test_the_views_come_and_go(bench: Lab) -> None:
    for name, word in (("progress", "Progress"), ("map", "State map"), ("why", "deadlocks"), ("compare", "Schedule")):
        bench.bar.view = name
        assert len(bench.box.children) == 4
        assert word in bench.box.children[3].text
    bench.bar.view = ""
    assert len(bench.box.children) == 3


def test_an_edited_scheme_is_compared_with_the_shipped_one(bench: Lab) -> None:
    bench.edit(with_a_try(bench.text))
    bench.stepper.show("1 1")
    bench.bar.view = "compare"
    names = [column["name"] for column in bench.box.children[3].payload["columns"]]
    assert names == ["naive (edited)", "naive (shipped)"]
    bench.box.children[3].set_state({"schedule": "1 9", "step": 2})
    assert "there is no task 9" in bench.box.children[3].payload["explanation"]
    assert bench.stepper.schedule == "1 1"


def columns_of(bench: Lab) -> list[str]:
    """The schemes that stand side by side."""
    return [column["name"] for column in bench.box.children[3].payload["columns"]]


def test_the_reader_chooses_what_to_compare_with(bench: Lab) -> None:
    bench.bar.view = "compare"
    view = bench.box.children[3]
    assert columns_of(bench) == ["naive", "flag_then_mutex"]
    choice = view.payload["choice"]
    assert choice["picked"] == ["flag_then_mutex"]
    assert choice["words"].startswith("Up to four schemes at a time")
    names = [one["name"] for one in choice["schemes"]]
    assert "v4" in names
    assert "naive" not in names
    view.set_state({"chosen": {"schemes": ["v4", "address_order", "global_mutex", "flag_then_mutex"]}})
    assert columns_of(bench) == ["naive", "v4", "address_order", "global_mutex"], "four at most"
    bench.stepper.show("1 1")
    assert view.payload["schedule"] == "1 1"
    assert len(columns_of(bench)) == 4
    bench.bar.view = "progress"
    bench.bar.view = "compare"
    assert len(columns_of(bench)) == 4, "the choice is kept"
    bench.controls.scheme = "v4"
    assert columns_of(bench) == ["v4", "address_order", "global_mutex"]
    assert "V4" in bench.box.children[3].payload["columns"][0]["title"], "its C, not that of the scheme before"
    bench.edit(bench.text.replace("mutex_lock(", "mutex_lock( "))
    assert columns_of(bench)[0] == "v4 (edited)"
    bench.box.children[3].set_state({"chosen": {"schemes": ["v4", "naive"]}})
    assert columns_of(bench) == ["v4 (edited)", "v4 (shipped)", "naive"]


def test_a_scheme_that_cannot_be_compared_is_not_taken(bench: Lab) -> None:
    bench.bar.view = "compare"
    before = columns_of(bench)
    bench.box.children[3].set_state({"chosen": {"schemes": ["nonsense"]}})
    assert columns_of(bench) == before
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sevviz.labparts.compare", refuse)
        bench.box.children[3].set_state({"chosen": {"schemes": ["v4"]}})
        assert bench.box.children[3].payload["explanation"] == "Not here."
    assert bench.box.children[3].payload["choice"]["picked"] == ["flag_then_mutex"]


def refuse(*_: object) -> None:
    raise SevvizError("not here")


def test_a_moment_is_kept_and_found_again(bench: Lab) -> None:
    bench.edit(with_a_try(bench.text))
    bench.stepper.show("1 2 1")
    kept = bench.text
    bench.controls.request = {"action": "save", "name": "a-try", "note": "nobody waits"}
    assert bench.controls.saved == ["a-try"]
    other = sevviz.lab("v4", "ring3")
    other.controls.request = {"action": "load", "name": "a-try"}
    assert (other.text, other.controls.scheme, other.controls.scenario) == (kept, "naive", "double")
    assert other.stepper.schedule == "1 2 1"
    assert other.controls.remark == "Loaded a-try. nobody waits Its C differs from naive as it is shipped."


def test_a_link_s_moment_is_opened_and_nonsense_is_refused(bench: Lab) -> None:
    bench.controls.request = {"action": "open", "scheme": "v4", "scenario": "double", "schedule": "1 1 1 1", "step": 3}
    assert bench.controls.moment == {"scheme": "v4", "scenario": "double", "schedule": "1 1 1 1", "step": 3}
    assert bench.controls.code == 'sevviz.Stepper("v4", "double", schedule="1 1 1 1", step=3)'
    bench.controls.request = {"action": "open", "scheme": "v44", "scenario": "double", "schedule": "", "step": None}
    assert bench.controls.remark.startswith("no scheme 'v44'; did you mean 'v4'?")
    assert bench.controls.moment["scheme"] == "v4"


def test_a_file_of_one_s_own_is_edited_too(tmp_path: Path) -> None:
    mine = tmp_path / "mine.c"
    mine.write_text(sevviz.load("naive").text.text, encoding="utf-8")
    bench = sevviz.lab(str(mine))
    assert bench.controls.catalogue["schemes"][0]["name"] == "mine"
    assert bench.edit(with_a_try(bench.text))


# What is handed on.


def shown_by(code: str) -> tuple[str, str, int]:
    """What a line of Python from the lab shows: the C, the schedule and the step."""
    stepper: Stepper = eval(code, {"sevviz": sevviz})  # noqa: S307 - the lab has written it
    return stepper.program.sources[0].text, stepper.schedule, stepper.step


def test_a_shipped_scheme_is_handed_on_by_its_name(bench: Lab) -> None:
    assert bench.controls.no_link == ""
    assert bench.controls.code == 'sevviz.Stepper("naive", "double", schedule="1 2")'
    assert bench.controls.code_told == "Copied: a line of Python that shows this moment."
    bench.edit(with_a_try(bench.text))
    bench.controls.request = {"action": "reset"}
    assert (bench.controls.no_link, bench.controls.code[:24]) == ("", 'sevviz.Stepper("naive", ')
    bench.stepper.show("1 2", 1)
    assert shown_by(bench.controls.code) == (bench.text, "1 2", 1)


@pytest.mark.parametrize("end", ["", '/* a \\ and """quotes""" */', "/* \u200b */\n\n"])
def test_edited_c_is_in_the_python_and_no_link_pretends_to_hold_it(bench: Lab, end: str) -> None:
    assert bench.edit(with_a_try(bench.text) + end)
    bench.stepper.show("1 2 1 2 1 2", 5)
    text, schedule, step = shown_by(bench.controls.code)
    assert (text.rstrip(), schedule, step) == (bench.text.rstrip(), "1 2 1 2 1 2", 5)
    assert bench.controls.code_told == "Copied: Python that shows this moment, with the C in it."
    assert bench.controls.no_link == (
        "No link was copied: it would open naive as it is shipped, not this C. Save this moment and send its file, "
        "or copy it as Python."
    )
    bench.controls.scheme = "v4"
    assert bench.controls.no_link == ""
    assert bench.controls.code.startswith('sevviz.Stepper("v4", ')


def test_a_file_of_one_s_own_is_handed_on_by_its_path(tmp_path: Path) -> None:
    (tmp_path / "mine.c").write_text(with_a_try(sevviz.load("naive").text.text), encoding="utf-8")
    bench = sevviz.lab("mine.c", "double", "1 2 1 2 1 2")
    assert bench.controls.code == 'sevviz.Stepper("mine.c", "double", schedule="1 2 1 2 1 2")'
    assert bench.controls.code_told == (
        "Copied: a line of Python that shows this moment. It reads mine.c: send that file with it."
    )
    assert "a link opens what comes with sevviz, and mine does not." in bench.controls.no_link
    assert shown_by(bench.controls.code) == (bench.text, "1 2 1 2 1 2", 6)
    bench.controls.scheme = "naive"
    assert bench.controls.no_link == ""
    bench.controls.scheme = "mine"  # it is still in the list
    assert "mutex_trylock" in bench.text
    assert bench.controls.code.startswith('sevviz.Stepper("mine.c", ')
    bench.save("kept")
    bench.load("kept")
    assert "and mine does not." in bench.controls.no_link
    assert shown_by(bench.controls.code)[0] == bench.text, "a saved file has no path: its C is in the line"


def test_a_file_with_the_name_of_a_shipped_scheme_is_not_mistaken_for_it(tmp_path: Path) -> None:
    file = tmp_path / "naive.c"
    file.write_text(sevviz.load("v4").text.text, encoding="utf-8")
    bench = sevviz.lab("./naive.c")
    assert "it would open naive as it is shipped, not this C." in bench.controls.no_link
    assert bench.controls.code == 'sevviz.Stepper("./naive.c", "double", schedule="")'
    file.write_text(sevviz.load("naive").text.text, encoding="utf-8")
    assert sevviz.lab("./naive.c").controls.no_link == "", "it is the shipped one"


def test_what_cannot_be_read_is_neither_linked_nor_saved(bench: Lab, tmp_path: Path) -> None:
    bench.edit("int x")
    assert bench.controls.no_link == "No link was copied: the C in the editor has an error. Correct it first."
    assert bench.controls.code == 'sevviz.Stepper("naive", "double", schedule="1 2")'
    assert bench.controls.code_told.endswith("What is in the editor has an error and is not in it.")
    bench.controls.request = {"action": "save", "name": "broken", "note": ""}
    assert bench.controls.remark.startswith("the C in the editor has an error and could not be loaded again")
    assert list(tmp_path.iterdir()) == []
    bench.edit(with_a_try(sevviz.load("naive").text.text))
    bench.edit("int x")
    assert (
        bench.controls.code_told == "Copied: Python that shows this moment, with the last C that could be read in it."
    )
    assert "mutex_trylock" in bench.controls.code


def test_a_text_changed_outside_is_said(bench: Lab, tmp_path: Path) -> None:
    bench.save("mine")
    file = tmp_path / "mine.sevviz.toml"
    file.write_text(file.read_text(encoding="utf-8").replace("/* Both VMs", "/* both VMs"), encoding="utf-8")
    bench.load("mine")
    assert bench.controls.remark == "Loaded mine. Its C was changed outside of the lab since it was saved."


# The kernel's side.

GENERATED = ["With lock checks", "Without lock checks, as distributions build it"]


def test_the_log_of_a_kernel_follows_the_stepper_and_knows_what_was_recorded() -> None:
    stepper = Stepper("naive", "double", schedule="1 2")
    view = KernelView(stepper)
    names = [log["name"] for log in view.payload["logs"]]
    assert names[:4] == [
        *GENERATED,
        "Recorded, with lock checks",
        "Recorded, without lock checks",
    ]
    assert "WARNING: possible recursive locking detected" in view.payload["logs"][0]["reports"][0]["text"]
    assert view.text == view.payload["logs"][0]["text"]
    stepper.show("1 1")
    assert [log["name"] for log in view.payload["logs"]] == GENERATED


def test_an_edited_scheme_has_a_log_and_no_recording(bench: Lab) -> None:
    bench.bar.view = "kernel"
    assert bench.edit(
        bench.text.replace("mutex_lock(&src->lock)", "mutex_lock_nested(&src->lock, SINGLE_DEPTH_NESTING)")
    )
    shown: Any = bench.box.children[-1]
    assert isinstance(shown, KernelView)
    logs = shown.payload["logs"]
    assert [log["name"] for log in logs] == GENERATED
    assert [report["title"] for report in logs[0]["reports"]] == [
        "The hung-task detector, task 1", "The hung-task detector, task 2",
    ]  # fmt: skip
    bench.bar.view = "classes"
    graphs: Any = bench.box.children[-1]
    assert isinstance(graphs, ClassesView)
    assert "hides the ring of locks" in graphs.text
    bench.stepper.show("1")
    assert graphs.payload["view"] == "classes"


def test_on_a_page_a_log_that_tells_of_one_schedule_does_not_pretend_to_follow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "1")
    stepper = Stepper("naive", schedule="1 2")
    followed = {}
    for view in (ProgressView(stepper), StateMapView(stepper), WhyView(stepper), KernelView(stepper)):
        bundle = view._repr_mimebundle_()
        assert bundle is not None
        followed[type(view).__name__] = bundle[0][MIME]["options"].get("key") == stepper.key
    assert followed == {"ProgressView": True, "StateMapView": True, "WhyView": False, "KernelView": False}
