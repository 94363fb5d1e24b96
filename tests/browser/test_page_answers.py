"""What a reader has answered on a page: kept by the browser, shown again, forgotten on demand; and where it leads."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

import sevviz
from browser.chromium import readable, troubles
from sevviz.export.page import Page as ExportedPage
from sevviz.payload import pack
from sevviz.questions import ask_payload, prediction_payload, static_html
from sevviz.verdict import check

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser, BrowserContext, Page

FORBIDDEN = (
    "Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('no', 'SecurityError'); } })"
)
COMMIT, FORGET, SHOW = "Commit my prediction", "Forget my answers on this page", "Show it below"
DEADLOCKS = "They deadlock"


def question(scheme: str) -> dict[str, object]:
    payload = prediction_payload(check(scheme), "What can happen?")
    return {"player": "predict", "data": payload, "options": {"question": "q1"}, "story": static_html(payload)}


def stepper(scheme: str, scenario: str = "double") -> dict[str, object]:
    data = pack(sevviz.check(scheme, scenario))
    return {"player": "player", "data": data, "options": {"schedule": "", "step": 0}, "story": ""}


def asked(count: str) -> dict[str, object]:
    payload = ask_payload(f"Is it {count}?", [("yes", True, "It is."), ("no", False, "")], one=True)
    return {"player": "predict", "data": payload, "options": {}, "story": static_html(payload)}


def write(path: Path, *players: dict[str, object]) -> Path:
    page = ExportedPage("Questions", "")
    page.body = "<h1>Questions</h1>" + "".join(page.player(player) for player in players)
    path.write_text(page.html(), encoding="utf-8")
    return path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A page: a stepper above, a question, steppers of another scheme, another scenario and the same program below."""
    players = (stepper("naive"), question("naive"), stepper("v4"), stepper("naive", "same"), stepper("naive"))
    return write(tmp_path / "page.html", *players, asked("two"))


def opened(context: BrowserContext, path: Path) -> Page:
    page = context.new_page()
    page.goto(path.as_uri())
    expect(page.locator("section.player.alive").last).to_be_attached()
    return page


def commit(page: Page) -> None:
    page.locator("#question-1").get_by_label(DEADLOCKS).check()
    page.locator("#question-1").get_by_role("button", name=COMMIT).click()


def told(page: Page, number: int = 1) -> str:
    return page.locator(f"#question-{number} [role=status]").inner_text()


def test_a_commitment_is_there_after_a_reload_until_it_is_forgotten(offline: BrowserContext, path: Path) -> None:
    page = opened(offline, path)
    expect(page.get_by_role("button", name=FORGET)).to_be_hidden()
    commit(page)
    page.reload()
    assert told(page) == "5 of 6 right. Searched: all 27 states."
    expect(page.locator("#question-1").get_by_label(DEADLOCKS)).to_be_checked()
    expect(page.locator("#question-1").get_by_role("button", name=COMMIT)).to_have_count(0)
    assert told(page, 2) == "", "the other question is not answered by it"
    page.get_by_role("button", name=FORGET).click()
    expect(page.locator("#question-1").get_by_role("button", name=COMMIT)).to_be_visible()
    expect(page.locator("#question-1").get_by_label(DEADLOCKS)).not_to_be_checked()
    expect(page.get_by_role("button", name=FORGET)).to_be_hidden()


def test_a_question_that_was_changed_is_a_new_one_and_so_is_that_of_another_page(
    offline: BrowserContext, path: Path
) -> None:
    page = opened(offline, write(path, asked("two")))
    page.get_by_label("yes").check()
    page.get_by_role("button", name=COMMIT).click()
    assert told(page) == "Right."
    assert told(opened(offline, write(path.with_name("other.html"), asked("two")))) == ""
    assert told(opened(offline, path)) == "Right."
    assert told(opened(offline, write(path, asked("three")))) == ""


@pytest.mark.parametrize("kept", ["", "null", "7", "[]", '{"question-1": 3}', '{"question-1": {"picked": [99]}}', "{"])
def test_what_somebody_else_has_stored_there_answers_nothing(offline: BrowserContext, path: Path, kept: str) -> None:
    page = opened(offline, path)
    page.evaluate("(kept) => localStorage.setItem(`sevviz answers: ${location.pathname}`, kept)", kept)
    page.reload()
    expect(page.locator("#question-1").get_by_role("button", name=COMMIT)).to_be_visible()


def test_the_page_works_where_nothing_may_be_stored(offline: BrowserContext, path: Path) -> None:
    offline.add_init_script(FORBIDDEN)
    page = opened(offline, path)
    commit(page)
    assert told(page).startswith("5 of 6 right.")
    expect(page.get_by_role("button", name=FORGET)).to_be_hidden()
    page.locator("#stepper-1").get_by_role("button", name="Step 1", exact=True).click()
    expect(page.locator("#stepper-1 .sv-status")).to_contain_text("Step 1.")


def test_the_schedule_of_an_answer_opens_in_the_next_stepper_of_the_same_program(
    offline: BrowserContext, path: Path
) -> None:
    page = opened(offline, path)
    expect(page.get_by_role("button", name=SHOW)).to_have_count(0)
    commit(page)
    page.get_by_role("button", name=f"{SHOW}: 1 2", exact=True).click()
    assert page.url.endswith("#stepper-4=1.2@2")
    expect(page.locator("#stepper-4 .sv-status")).to_contain_text("Deadlock")
    expect(page.locator("#stepper-4")).to_be_in_viewport()
    page.keyboard.press("ArrowLeft")
    assert page.url.endswith("#stepper-4=1.2@1")
    assert [page.locator(f"#stepper-{n} .sv-field").input_value() for n in (1, 2, 3)] == ["", "", ""]


def test_what_waits_for_an_answer_is_uncovered_as_long_as_the_answer_is_kept(
    offline: BrowserContext, tmp_path: Path
) -> None:
    waiting = stepper("naive")
    waiting["options"] = {"schedule": "", "step": 0, "veiled": True, "after": "q1"}
    page = opened(offline, write(tmp_path / "page.html", question("naive"), waiting))
    veil = page.locator(".sv-veil")
    expect(veil).to_be_visible()
    commit(page)
    expect(veil).to_be_hidden()
    page.reload()
    expect(veil).to_be_hidden()
    page.get_by_role("button", name=FORGET).click()
    expect(veil).to_be_visible()


def test_a_covered_stepper_does_not_say_that_a_state_is_on_a_livelock_loop(
    offline: BrowserContext, tmp_path: Path
) -> None:
    waiting = stepper("flag_then_mutex", "retry")
    waiting["options"] = {"schedule": "", "step": 0, "veiled": True, "after": "q1"}
    page = opened(offline, write(tmp_path / "page.html", question("naive"), waiting))
    expect(page.locator(".sv-badge")).to_have_text("safe")
    commit(page)
    expect(page.locator(".sv-badge")).to_have_text("safe, on a livelock loop")


def test_without_such_a_stepper_there_is_no_button(offline: BrowserContext, tmp_path: Path) -> None:
    page = opened(offline, write(tmp_path / "page.html", stepper("naive"), question("naive"), stepper("v4")))
    commit(page)
    expect(page.locator("#question-1 form").get_by_text("shortest: 1 2.")).to_be_visible()
    expect(page.get_by_role("button", name=SHOW)).to_have_count(0)


def test_axe_finds_nothing_on_an_answered_page(chromium: Browser, path: Path) -> None:
    with readable(chromium) as page:
        page.goto(path.as_uri() + "#stepper-9=1@1")
        commit(page)
        assert troubles(page) == {}
