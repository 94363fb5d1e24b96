"""What answers a question on a page is covered until the reader commits to an answer, or asks to see it without one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

import sevviz
from browser.chromium import CORNERS, readable, troubles
from sevviz.export.page import Page as ExportedPage
from sevviz.payload import pack
from sevviz.questions import ask_payload, static_html

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser, BrowserContext, Locator, Page

COMMIT, SHOW, COVER = "Commit my prediction", "Show it without an answer", "Cover it again"
OFFERED = [("yes", True, "It is."), ("no", False, "")]
# Notebooks, and what stands below a question in each of them that answers it.
ANSWERED_BELOW = {
    "00_start_here": ("Your first deadlock", "Deadlock in 2 of 6 schedules"),
    "01_v4": ("even when the mutex is free", "both can lose", "no lock but a CPU", "The verdict on V4"),
    "03_flag": (
        "Why no ring can close",
        "both second tries find a 1",
        "Each of the three succeeds or fails".lower(),
        "make both moves fail",
    ),
    "07_retry": ("for ever: 1", "not every schedule", "follow the loop twice", "these 10 steps", "This is a livelock"),
    "08_read_the_splat": ("How to read it. in_atomic", "BUG: sleeping function", "The memory of a VM starts as zeros"),
}


def asked(number: int) -> dict[str, Any]:
    payload = ask_payload(f"Is it {number}?", OFFERED, one=True)
    return {"player": "predict", "data": payload, "options": {"question": f"q{number}"}, "story": static_html(payload)}


def waiting(number: int, schedule: str = "") -> dict[str, Any]:
    """A stepper that waits for a question; with its story."""
    options = {"schedule": schedule, "step": 2, "key": "1", "veiled": True, "after": f"q{number}"}
    return {"player": "player", "data": pack(sevviz.check("naive")), "options": options, "story": "<p>The story.</p>"}


def write(path: Path, *parts: str | dict[str, Any]) -> Path:
    page = ExportedPage("Questions", "")
    told = [page.player(part) if isinstance(part, dict) else part for part in parts]
    page.body = "<h1>Questions</h1>\n" + "\n".join(told)
    path.write_text(page.html(), encoding="utf-8")
    return path


def prose(text: str) -> str:
    return f'<div class="prose">{text}</div>'


CODE = '<details class="source"><summary>Code of this cell</summary><pre>told = True</pre></details>'


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Question 1 with a stepper, 2 and 3 side by side, and 4, whose stepper stands below the next heading."""
    return write(
        tmp_path / "page.html", prose("<p>Before.</p>"), CODE, asked(1), prose("<p>Goal 1.</p>"), waiting(1),
        prose('<p>Answer 1.</p><ul><li id="in">In it</li></ul>'),
        prose('<p>End 1.</p><h2 id="next">Next</h2><p>After 1.</p>'), asked(2), CODE, asked(3),
        prose("<p>Answer 3.</p>"), prose("<h3>Last</h3>"), asked(4), prose("<h2>Try</h2><p>Task 4.</p>"), waiting(4),
        prose("<p>Answer 4.</p>"), '<section class="words"><h2>Words</h2><p>A word.</p></section>',
    )  # fmt: skip


def opened(page: Page, path: Path, fragment: str = "") -> Page:
    page.goto(path.as_uri() + fragment)
    expect(page.locator("section.player.alive").last).to_be_attached()
    return page


def commit(page: Page, number: int) -> None:
    page.locator(f"#question-{number}").get_by_label("yes").check()
    page.locator(f"#question-{number}").get_by_role("button", name=COMMIT).click()


def seen(page: Page) -> list[str]:
    """Which of the texts can be read."""
    found = page.locator(".prose p, .words p").all()
    return [one.text_content() or "" for one in found if one.is_visible()]


def bar(page: Page, number: int) -> Locator:
    return page.locator(".cover").nth(number - 1)


COVERED = ["Before.", "After 1.", "Task 4.", "A word."]


def test_what_follows_a_question_is_covered_up_to_the_end_of_its_section(offline: BrowserContext, path: Path) -> None:
    page = opened(offline.new_page(), path)
    assert seen(page) == COVERED
    expect(page.locator(".cover")).to_have_count(3)
    for section in page.locator(".player").all():
        expect(section.locator(".mount")).to_be_visible()
    for fold in page.locator("details.source, .player.player .story").all():
        expect(fold).not_to_be_visible()
    commit(page, 1)
    assert seen(page) == ["Before.", "Goal 1.", "Answer 1.", "End 1.", *COVERED[1:]]
    expect(page.locator("#stepper-1 .story")).to_be_visible()
    expect(page.locator("details.source").first).to_be_visible()
    expect(bar(page, 1)).to_be_hidden()
    commit(page, 3)
    assert "Answer 3." not in seen(page), "it answers question 2, too"
    commit(page, 2)
    assert "Answer 3." in seen(page)
    commit(page, 4)
    assert seen(page)[-3:] == ["Task 4.", "Answer 4.", "A word."]
    page.reload()
    assert len(seen(page)) == 9
    expect(page.locator(".cover")).to_have_count(0)
    page.get_by_role("button", name="Forget my answers on this page").click()
    expect(bar(page, 1)).to_be_visible()
    assert seen(page) == COVERED


def test_sections_inside_are_covered_but_not_what_leads_to_the_next_question(
    offline: BrowserContext, tmp_path: Path
) -> None:
    path = write(
        tmp_path / "page.html", prose("<h1>All</h1>"), asked(1), prose("<p>A.</p><h2>Two</h2><p>B.</p>"), waiting(1),
        prose("<p>C.</p><h2>Three</h2><p>D.</p><h3>Four</h3><p>E.</p>"), CODE, asked(2), prose("<p>F.</p>"),
        prose("<p>G.</p><h3>Five</h3><p>H.</p>"), prose("<h2>Six</h2><p>I.</p>"), asked(3),
        prose("<h3>In it</h3><p>J.</p>"), prose("<p>K.</p><h2>Seven</h2><p>L.</p>"),
    )  # fmt: skip
    page = opened(offline.new_page(), path)
    assert seen(page) == ["E.", "H.", "I.", "L."]
    commit(page, 1)
    assert seen(page) == [*"A.B.C.D.E.H.I.L.".replace(".", ". ").split()]
    commit(page, 2)
    commit(page, 3)
    assert seen(page) == [f"{letter}." for letter in "ABCDEFGHIJKL"]


def test_it_can_be_looked_at_without_an_answer_and_nothing_jumps(offline: BrowserContext, path: Path) -> None:
    page = opened(offline.new_page(), path)
    button = bar(page, 1).get_by_role("button")
    expect(button).to_have_attribute("aria-expanded", "false")
    button.focus()
    top = bar(page, 1).evaluate("(one) => one.getBoundingClientRect().top")
    page.keyboard.press("Enter")
    assert seen(page)[:4] == ["Before.", "Goal 1.", "Answer 1.", "End 1."]
    expect(button).to_be_focused()
    expect(button).to_have_text(COVER)
    expect(button).to_have_attribute("aria-expanded", "true")
    page.wait_for_timeout(100)
    assert abs(bar(page, 1).evaluate("(one) => one.getBoundingClientRect().top") - top) < 1
    page.keyboard.press("Enter")
    assert seen(page) == COVERED
    page.keyboard.press("Shift+Tab")
    expect(bar(page, 1).get_by_role("link", name="the question above")).to_be_focused()
    assert bar(page, 2).inner_text().startswith("What follows answers the questions above.")


def test_the_place_stays_when_a_reader_commits(offline: BrowserContext, path: Path) -> None:
    page = opened(offline.new_page(), path)
    page.locator("#question-1").get_by_label("yes").check()
    top = page.locator("#question-1").evaluate("(one) => one.getBoundingClientRect().top")
    page.locator("#question-1").get_by_role("button", name=COMMIT).click()
    expect(page.get_by_text("Answer 1.")).to_be_visible()
    assert abs(page.locator("#question-1").evaluate("(one) => one.getBoundingClientRect().top") - top) < 1
    expect(page.locator("#question-1 [role=status]")).to_be_focused()


@pytest.mark.parametrize("fragment", ["", "#in"])
def test_a_link_into_what_is_covered_shows_it(offline: BrowserContext, path: Path, fragment: str) -> None:
    page = opened(offline.new_page(), path, fragment)
    page.evaluate("location.hash = '#in'")
    expect(page.get_by_text("In it")).to_be_in_viewport()
    expect(bar(page, 1).get_by_role("button")).to_have_text(COVER)
    assert "Answer 3." not in seen(page)


def test_a_heading_is_found_where_it_is_after_the_text_above_was_covered(offline: BrowserContext, path: Path) -> None:
    page = offline.new_page()
    page.set_viewport_size({"width": 1280, "height": 300})
    opened(page, path, "#next")
    page.wait_for_timeout(100)
    assert -1 <= page.locator("#next").evaluate("(one) => one.getBoundingClientRect().top") < 60


def test_the_browsers_own_search_shows_what_it_finds(offline: BrowserContext, path: Path) -> None:
    page = opened(offline.new_page(), path)
    run = page.locator(".answers").first
    expect(run).to_have_attribute("hidden", "until-found")
    run.dispatch_event("beforematch")
    assert seen(page)[:4] == ["Before.", "Goal 1.", "Answer 1.", "End 1."]


def test_who_hears_the_page_does_not_hear_it_either(offline: BrowserContext, path: Path) -> None:
    page = opened(offline.new_page(), path)
    heard = str(offline.new_cdp_session(page).send("Accessibility.getFullAXTree"))
    assert "Before." in heard
    assert SHOW in heard
    assert "Answer 1." not in heard
    assert "The outcomes as text" not in heard


def test_on_paper_everything_can_be_read(offline: BrowserContext, path: Path) -> None:
    page = opened(offline.new_page(), path)
    page.emulate_media(media="print")
    assert len(seen(page)) == 9
    expect(page.locator(".cover").first).to_be_hidden()
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    expect(page.get_by_text("The story.").first).to_be_visible()


def test_without_javascript_everything_can_be_read(chromium: Browser, path: Path) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(path.as_uri())
    assert len(seen(page)) == 9
    expect(page.get_by_text("The story.").first).to_be_visible()
    context.close()


def test_the_story_of_a_stepper_is_covered_with_what_was_found(offline: BrowserContext, path: Path) -> None:
    page = opened(offline.new_page(), path)
    stepper = page.locator("#stepper-1")
    height = stepper.evaluate("(one) => one.getBoundingClientRect().height")
    expect(stepper.get_by_text("The outcomes as text")).to_be_hidden()
    stepper.get_by_role("button", name="Show it anyway").click()
    expect(stepper.get_by_text("The outcomes as text")).to_be_visible()
    assert stepper.evaluate("(one) => one.getBoundingClientRect().height") == height
    expect(page.locator("#stepper-2").get_by_text("The outcomes as text")).to_be_hidden()


def test_a_round_is_not_told_before_the_reader_commits(offline: BrowserContext, tmp_path: Path) -> None:
    verdict = sevviz.check("flag_then_mutex", "retry")
    assert verdict.livelock is not None
    lasso = verdict.livelock
    schedule = sevviz.format_schedule((*lasso.stem, *lasso.loop, *lasso.loop))
    covered = waiting(1) | {"data": pack(verdict)}
    covered["options"] |= {"schedule": schedule, "step": len(lasso.stem) + 2 * len(lasso.loop)}
    page = opened(offline.new_page(), write(tmp_path / "round.html", asked(1), covered))
    told = page.locator(".sv-status").get_by_text("can repeat for ever")
    expect(told).to_have_count(0)
    expect(page.locator(".sv-badge")).to_have_text("safe")
    commit(page, 1)
    expect(told.first).to_be_visible()
    expect(page.locator(".sv-badge")).to_have_text("safe, on a livelock loop")


def test_axe_finds_nothing_covered_or_shown(chromium: Browser, path: Path) -> None:
    with readable(chromium) as page:
        opened(page, path)
        assert troubles(page) == {}
        bar(page, 1).get_by_role("button").click()
        assert troubles(page) == {}


@pytest.mark.slow
@pytest.mark.parametrize("name", ANSWERED_BELOW)
def test_a_notebook_tells_nothing_before_a_commit(chromium: Browser, book: dict[str, Path], name: str) -> None:
    with readable(chromium) as page:
        opened(page, book[name])
        shown = page.locator("main").inner_text().lower()
        assert [text for text in ANSWERED_BELOW[name] if text.lower() in shown] == []
        assert troubles(page, CORNERS[1:2]) == {}  # the rest: test_book.py
        for form in page.locator(".sevviz-predict").all():
            form.locator("input").first.check()
            form.get_by_role("button", name=COMMIT).click()
        shown = page.locator("main").inner_text().lower()
        assert [text for text in ANSWERED_BELOW[name] if text.lower() not in shown] == []
        assert page.locator(".cover:visible").count() == 0
