"""Exported pages in a real browser: from disk, with the network off, under their own policy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from browser.chromium import violations
from sevviz.export.page import Page as ExportedPage
from sevviz.prediction import prediction_payload, static_html
from sevviz.verdict import check

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser, BrowserContext, Page


def opened(context: BrowserContext, path: Path, fragment: str = "") -> Page:
    page = context.new_page()
    page.goto(path.as_uri() + fragment)
    page.wait_for_selector("section.player.alive")
    return page


def press(page: Page, *tasks: int) -> None:
    for task in tasks:
        page.locator("#stepper-1").get_by_role("button", name=f"Step {task}", exact=True).click(force=True)


def test_a_reader_clicks_to_the_deadlock_goes_back_and_forks(offline: BrowserContext, naive_page: Path) -> None:
    page = opened(offline, naive_page)
    press(page, 1, 2)
    status = page.locator("#stepper-1 .sv-status")
    expect(status).to_contain_text("Deadlock: task 1 (A→B) waits for A.lock")
    assert page.url.endswith("#stepper-1=1.2@2")
    page.keyboard.press("ArrowLeft")
    assert page.url.endswith("#stepper-1=1.2@1")
    press(page, 1)
    assert page.url.endswith("#stepper-1=1.1@2")


def test_a_fragment_opens_the_very_step_also_after_a_reload(offline: BrowserContext, naive_page: Path) -> None:
    page = opened(offline, naive_page, "#stepper-1=1.2@1")
    badge = page.locator("#stepper-1 .sv-moment")
    expect(page.locator("#stepper-1 .sv-status")).to_contain_text("Step 1.")
    expect(badge).not_to_contain_text("deadlocked")
    page.reload()
    expect(page.locator("#stepper-1 .sv-status")).to_contain_text("Step 1.")
    # A link inside the page works as well.
    page.evaluate("location.hash = '#stepper-1=1.2@2'")
    expect(page.locator("#stepper-1 .sv-status")).to_contain_text("Deadlock")


@pytest.mark.parametrize(
    "fragment",
    [
        "#stepper-1=<img src=x onerror=alert(1)>",
        "#stepper-9=1.2@2",
        "#stepper-1=99.99@9",
        "#stepper-1=" + "1." * 3000,
        "#%00",
        "#__proto__=1@1",
    ],
)
def test_a_hostile_fragment_changes_nothing(offline: BrowserContext, naive_page: Path, fragment: str) -> None:
    page = opened(offline, naive_page, fragment)
    title = page.title()
    expect(page.locator("#stepper-1").get_by_role("button", name="Step 1", exact=True)).to_be_visible()
    assert page.locator("img[src=x]").count() == 0
    assert page.title() == title


def test_the_policy_stops_what_is_not_ours(chromium: Browser, naive_page: Path, tmp_path: Path) -> None:
    """The same page with a script and a handler smuggled in: neither runs."""
    handler = '<img src="data:image/png;base64,x" onerror="document.title = 1">'
    smuggled = f'<script>document.title = "owned"</script>{handler}'
    path = tmp_path / "smuggled.html"
    path.write_text(naive_page.read_text(encoding="utf-8").replace("<main", f"{smuggled}<main", 1), encoding="utf-8")
    page = chromium.new_page()
    page.goto(path.as_uri())
    page.wait_for_selector("section.player.alive")
    assert page.title() == "Naive: lock both VMs, destination first: A→B ‖ B→A"
    page.close()


@pytest.mark.parametrize("width", [1280, 375])
@pytest.mark.parametrize("dark", [False, True])
def test_axe_finds_nothing_and_nothing_scrolls_sideways(
    chromium: Browser, naive_page: Path, width: int, *, dark: bool
) -> None:
    context = chromium.new_context(
        viewport={"width": width, "height": 800}, color_scheme="dark" if dark else "light", bypass_csp=True
    )  # axe is injected, which the page's own policy forbids
    page = opened(context, naive_page, "#stepper-1=1.2@2")
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    context.close()


def test_without_javascript_every_outcome_is_told(chromium: Browser, naive_page: Path) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(naive_page.as_uri())
    story = page.locator("#stepper-1 .story")
    expect(story).to_be_visible()
    expect(story).to_contain_text("shortest schedule: 1 2")
    context.close()


def test_a_prediction_is_committed_before_the_answer_is_shown(offline: BrowserContext, tmp_path: Path) -> None:
    exported = ExportedPage("Predict", "")
    payload = prediction_payload(check("naive"), "What can happen?")
    story = static_html(payload)
    exported.body = "<h1>Predict</h1>" + exported.player(
        1, {"player": "predict", "data": payload, "options": {}, "story": story}
    )
    path = tmp_path / "predict.html"
    path.write_text(exported.html(), encoding="utf-8")
    page = opened(offline, path)
    assert not page.get_by_text("The search: it happens").first.is_visible()
    page.get_by_label("They deadlock").check()
    page.get_by_role("button", name="Commit my prediction").click()
    expect(page.get_by_role("status")).to_contain_text("5 of 6 right.")
    expect(
        page.get_by_text("You said it can happen. The search: it happens in 2 of 6 schedules; shortest: 1 2.")
    ).to_be_visible()
    assert page.get_by_label("They deadlock").is_disabled()
