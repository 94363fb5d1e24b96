"""Exported pages in a real browser: from disk, with the network off, under their own policy."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from hostile import HOSTILE
from playwright.sync_api import expect

from browser.chromium import WIDTHS, readable, troubles
from sevviz.export.page import Page as ExportedPage
from sevviz.export.pages import export_scheme
from sevviz.questions import prediction_payload, static_html
from sevviz.verdict import check

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser, BrowserContext, Page, Route

# What another page might hold of value: a name of the directive that refuses it, and the markup.
ELSEWHERE, RED = "https://elsewhere.example/", "rgb(255, 0, 0)"
SMUGGLED = {
    "base-uri": f'<base href="{ELSEWHERE}">',
    "frame-src": f'<iframe title="x" src="{ELSEWHERE}frame"></iframe>',
    "img-src": f'<img alt="" src="{ELSEWHERE}image">',
    "object-src": f'<object type="image/png" data="{ELSEWHERE}object"></object>',
    "script-src-attr": """<img alt="" src="data:image/png;base64,x" onerror="document.title = 'owned by a handler'">""",
    "script-src-elem": f'<script>globalThis.owned = true</script><script src="{ELSEWHERE}script"></script>',
    "style-src-attr": '<p id="smuggled" style="color: #f00">x</p>',
    "style-src-elem": f'<link rel="stylesheet" href="{ELSEWHERE}style">',
}
# What pictures say of themselves, if they are there to be seen.
STILLS = "(pictures) => pictures.map((one) => one.getBoundingClientRect().height > 40 && (one.ariaLabel ?? one.alt))"
NO_STEPPER = "This link names no stepper of this page."
UNREADABLE = "This link names a stepper of this page, but its schedule cannot be read."
# The page round its players and the note on its address, and how many elements of each kind could do harm anywhere.
REST = """() => {
  const copy = document.body.cloneNode(true);
  copy.querySelectorAll("section.player, #link-note").forEach((one) => one.remove());
  const count = (name) => document.getElementsByTagName(name).length;
  return [document.title, copy.innerHTML, ...["img", "script", "style", "iframe", "a", "base"].map(count)];
}"""


def opened(context: BrowserContext, path: Path, fragment: str = "") -> Page:
    page = context.new_page()
    page.goto(path.as_uri() + fragment)
    page.wait_for_selector("section.player.alive")
    return page


@pytest.fixture(scope="module")
def rest(chromium: Browser, naive_page: Path) -> list[Any]:
    """What the page is round its players."""
    page = chromium.new_page()
    page.goto(naive_page.as_uri())
    page.wait_for_selector("section.player.alive")
    found: list[Any] = page.evaluate(REST)
    page.close()
    return found


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
    ("fragment", "note"),
    [
        ("#stepper-1=<img src=x onerror=alert(1)>", UNREADABLE),
        ("#stepper-1=%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E@1", UNREADABLE),
        ("#stepper-1=1.2@2<script>document.title=1</script>", UNREADABLE),
        ("#stepper-1=javascript:alert(1)@1", UNREADABLE),
        ("#stepper-9=1.2@2", NO_STEPPER),
        ("#stepper-9", NO_STEPPER),
        ("#view-1=1.2@2", NO_STEPPER),
        ("#stepper-1=99.99@9", ""),  # the stepper itself says what is wrong
        ("#stepper-1=1.2@99999999999999999999", UNREADABLE),
        ("#stepper-1=1.2@-1", UNREADABLE),
        ("#stepper-1=" + "1." * 3000, UNREADABLE),
        ("#" + "x" * 100_000, ""),
        ("#%00", ""),
        ("#%E0%A4%A", ""),
        ("#\u202estepper-1=1@1", NO_STEPPER),
        ("#__proto__=1@1", NO_STEPPER),
        ("#stepper-1-data", ""),
        ("#stepper-1", ""),
        ("#main", ""),
    ],
    ids=lambda fragment: fragment[:40],
)
def test_a_hostile_fragment_changes_nothing(
    offline_page: Page, naive_page: Path, rest: list[Any], fragment: str, note: str
) -> None:
    """It moves the first player as far as it can be followed, or nothing at all; the page says if it names nothing."""
    page = offline_page
    page.goto(naive_page.as_uri() + fragment)
    page.wait_for_selector("section.player.alive")
    assert page.evaluate(REST) == rest
    assert page.locator("#link-note").text_content() == note
    expect(page.locator("#stepper-1").get_by_role("button", name="Step 1", exact=True)).to_be_visible()
    assert set(page.locator("#stepper-1 .sv-field").input_value()) <= {"1", "2", " "}


def test_the_note_on_a_link_is_seen_and_goes_with_the_next_step(offline: BrowserContext, naive_page: Path) -> None:
    page = opened(offline, naive_page)
    page.evaluate("scrollTo(0, 900)")
    page.evaluate("location.hash = '#stepper-7=1.2@2'")
    note = page.locator("#link-note")
    expect(note).to_have_text(NO_STEPPER)
    expect(note).to_have_attribute("role", "status")
    expect(note).to_be_in_viewport()
    press(page, 1)
    expect(note).to_be_empty()


@pytest.mark.parametrize("width", WIDTHS)
def test_a_hostile_scheme_is_text_even_without_the_policy(chromium: Browser, tmp_path: Path, width: int) -> None:
    scheme, path = tmp_path / "hostile.c", tmp_path / "hostile.html"
    scheme.write_text(HOSTILE, encoding="utf-8")
    export_scheme(str(scheme), "double", path)
    with readable(chromium) as page:
        page.set_viewport_size({"width": width, "height": 800})
        page.goto(path.as_uri())
        page.wait_for_selector("section.player.alive")
        press(page, 1, 2, 1, 2)
        assert page.title() == "</script><img src=x onerror=alert(1)>: A→B ‖ B→A"
        assert page.locator("h1").inner_text() == "</script><img src=x onerror=alert(1)>"
        assert page.locator("img, main > p b, main script, [onerror], [onclick]").count() == 0
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_policy_stops_what_is_not_ours(chromium: Browser, naive_page: Path, tmp_path: Path) -> None:
    """Smuggled into the page: scripts, handlers, styles, frames, requests. Each is refused, none has an effect."""
    page, asked = smuggled_into(naive_page.read_text(encoding="utf-8"), chromium, tmp_path)
    page.wait_for_selector("section.player.alive")
    assert set(page.evaluate("refused")) == set(SMUGGLED)
    assert page.title() == "Naive: lock both VMs, destination first: A→B ‖ B→A"
    assert page.evaluate("document.baseURI") == page.url
    assert page.evaluate("getComputedStyle(document.getElementById('smuggled')).color") != RED
    assert asked == []
    page.close()


def test_without_the_policy_all_of_it_would_work(chromium: Browser, naive_page: Path, tmp_path: Path) -> None:
    """The same page without the policy: what the test above smuggles in is dangerous, and only the policy stops it."""
    text = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", naive_page.read_text(encoding="utf-8"))
    page, asked = smuggled_into(text, chromium, tmp_path)
    page.wait_for_function("document.title === 'owned by a handler'")
    assert page.evaluate("refused") == []
    assert page.evaluate("owned")
    assert page.evaluate("document.baseURI") == ELSEWHERE
    assert page.evaluate("getComputedStyle(document.getElementById('smuggled')).color") == RED
    assert {url.removeprefix(ELSEWHERE) for url in asked} >= {"image", "frame", "style", "script", "object"}
    page.close()


def smuggled_into(text: str, browser: Browser, folder: Path) -> tuple[Page, list[str]]:
    """The page with everything of SMUGGLED in it, opened, and what it has asked the network for."""
    path = folder / "smuggled.html"
    path.write_text(text.replace("<main", "\n".join(SMUGGLED.values()) + "<main", 1), encoding="utf-8")
    page = browser.new_page()
    asked: list[str] = []

    def refuse(route: Route) -> None:
        asked.append(route.request.url)
        route.abort()

    page.route(f"{ELSEWHERE}**", refuse)
    page.add_init_script(
        "globalThis.refused = [];"
        "addEventListener('securitypolicyviolation', (event) => refused.push(event.effectiveDirective));"
    )
    page.goto(path.as_uri())
    return page, asked


def test_axe_finds_nothing_at_a_deadlock(chromium: Browser, naive_page: Path) -> None:
    with readable(chromium) as page:
        page.goto(naive_page.as_uri() + "#stepper-1=1.2@2")
        page.wait_for_selector("section.player.alive")
        assert troubles(page) == {}


def test_without_javascript_every_outcome_is_told(chromium: Browser, naive_page: Path) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(naive_page.as_uri())
    story = page.locator("#stepper-1 .story")
    expect(story).to_be_visible()
    expect(story).to_contain_text("shortest schedule: 1 2")
    assert story.get_by_role("img").evaluate_all(STILLS) == [
        "Lanes: 2 tasks, 2 steps. The list says the same.",
        "Wait-for graph of this deadlock",
        "Lanes: 2 tasks, 12 steps. The list says the same.",
    ]
    context.close()


def test_a_prediction_is_committed_before_the_answer_is_shown(offline: BrowserContext, tmp_path: Path) -> None:
    exported = ExportedPage("Predict", "")
    payload = prediction_payload(check("naive"), "What can happen?")
    story = static_html(payload)
    exported.body = "<h1>Predict</h1>" + exported.player(
        {"player": "predict", "data": payload, "options": {}, "story": story}
    )
    path = tmp_path / "predict.html"
    path.write_text(exported.html(), encoding="utf-8")
    page = opened(offline, path)
    assert not page.get_by_text("The search: it happens").first.is_visible()
    page.get_by_label("They deadlock").check()
    page.get_by_role("button", name="Commit my prediction").click()
    expect(page.locator("#question-1").get_by_role("status")).to_contain_text("5 of 6 right.")
    expect(
        page.get_by_text("You said it can happen. The search: it happens in 2 of 6 schedules; shortest: 1 2.")
    ).to_be_visible()
    assert page.get_by_label("They deadlock").is_disabled()
