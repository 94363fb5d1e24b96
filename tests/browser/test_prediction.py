"""Questions in a real browser: several in one JupyterLab notebook, and one with a single answer on a page."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from browser.chromium import violations
from browser.jupyter import jupyter_lab, open_notebook, write_notebook
from sevviz.export.page import Page as ExportedPage
from sevviz.export.pages import export_notebook
from sevviz.questions import ask_payload, static_html

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, BrowserContext, Page

CELLS = [
    "import sevviz\nsides = [('left', False, 'Not left.'), ('right', True, 'Right it is.')]",
    "first = sevviz.ask('Where?', sides, one=True)\nfirst",
    "second = sevviz.ask('Which way?', [('up', True, 'It went up.'), ('down', True, 'And down.')])\nsecond",
    "print('committed', first.committed, second.committed)",
    "stepper = sevviz.Stepper('naive')\nother = sevviz.Stepper('v4')\nstepper",
    "other",
    "guess = sevviz.predict('naive')\nguess",
    "covered = sevviz.Stepper('naive', after=guess)\ncovered",
    "print('covered', covered.veiled)",
]
IDS = "[...document.querySelectorAll('[id^=sevviz-]')].map((one) => one.id)"


@pytest.fixture(scope="module")
def notebook(tmp_path_factory: pytest.TempPathFactory, chromium: Browser) -> Iterator[Page]:
    home = tmp_path_factory.mktemp("lab")
    write_notebook(home / "questions.ipynb", CELLS)
    with jupyter_lab(home) as address:
        page = open_notebook(chromium, address, "questions.ipynb")
        page.locator(".jp-Notebook .jp-Cell").first.click()
        for _ in CELLS[:3]:
            page.keyboard.press("Shift+Enter")
        expect(page.locator(".sevviz-predict")).to_have_count(2)
        yield page
        page.close()


def test_each_question_of_a_notebook_has_its_own_answers(notebook: Page) -> None:
    where, which = notebook.locator(".sevviz-predict").all()
    which.get_by_text("down", exact=True).click()
    expect(which.get_by_label("down")).to_be_checked()
    where.get_by_role("radio", name="left").focus()
    notebook.keyboard.press("ArrowDown")
    expect(where.get_by_role("radio", name="right")).to_be_checked()
    assert violations(notebook, within=".sevviz-predict") == []
    where.get_by_role("button", name="Commit my prediction").click()
    expect(where.get_by_role("status")).to_have_text("Right.")
    expect(where.locator("li").nth(1)).to_contain_text("✓ You chose this. Right it is.")
    which.get_by_role("button", name="Commit my prediction").click()
    expect(which.get_by_role("status")).to_have_text("1 of 2 right.")
    notebook.keyboard.press("Escape")
    notebook.locator(".jp-Notebook .jp-Cell").nth(3).locator(".jp-InputArea-editor").click()
    notebook.keyboard.press("Shift+Enter")
    expect(notebook.get_by_text("committed [1] [1]")).to_be_visible()
    assert violations(notebook, within=".sevviz-predict") == []


def test_no_two_widgets_of_a_notebook_have_an_id_in_common(notebook: Page) -> None:
    """A label leads to the first element that has the id, and a notebook loads a widget's code for each of them."""
    notebook.locator(".jp-Notebook .jp-Cell").nth(4).locator(".jp-InputArea-editor").click()
    notebook.keyboard.press("Shift+Enter")
    notebook.keyboard.press("Shift+Enter")
    expect(notebook.get_by_role("button", name="Step 1", exact=True)).to_have_count(2)
    found = notebook.evaluate(IDS)
    assert len(found) > 10
    assert sorted(set(found)) == sorted(found)


def test_on_a_phone_the_name_of_an_error_keeps_its_sign(offline: BrowserContext, tmp_path: Path) -> None:
    texts = [f"{'x' * size} returns -EBUSY, B→A returns -EINTR" for size in range(4, 40, 4)]
    payload = ask_payload("What?", [(text, True, "") for text in texts])
    exported = ExportedPage("Ask", "")
    section = exported.player({"player": "predict", "data": payload, "options": {}, "story": static_html(payload)})
    exported.body = f"<h1>Ask</h1>{section}"
    path = tmp_path / "ask.html"
    path.write_text(exported.html(), encoding="utf-8")
    page = offline.new_page()
    page.set_viewport_size({"width": 375, "height": 900})
    page.goto(path.as_uri())
    assert page.locator("label").all_text_contents() == texts
    parts = page.locator(".sevviz-predict-errno").evaluate_all("all => all.map((one) => one.getClientRects().length)")
    assert parts == [1] * (2 * len(texts))


def test_a_question_with_one_answer_on_a_page(offline: BrowserContext, tmp_path: Path) -> None:
    options = [("never", False, ""), ("once", True, ""), ("twice", False, "One too many.")]
    payload = ask_payload("How often?", options, explanation="Counted: once.", one=True)
    exported = ExportedPage("Ask", "")
    story = static_html(payload)
    section = exported.player({"player": "predict", "data": payload, "options": {}, "story": story})
    exported.body = f"<h1>Ask</h1>{section}"
    path = tmp_path / "ask.html"
    path.write_text(exported.html(), encoding="utf-8")
    page = offline.new_page()
    page.goto(path.as_uri())
    commit, status = page.get_by_role("button", name="Commit my prediction"), page.locator("form").get_by_role("status")
    commit.click()  # nothing chosen: the browser asks for a choice, and nothing is told
    expect(status).to_be_empty()
    page.get_by_label("twice").check()
    page.get_by_label("never").check()  # another choice takes the place of the first
    commit.click()
    expect(status).to_have_text("Not so. Counted: once.")
    told = page.locator(".sevviz-predict li p").all_text_contents()
    assert told == ["✗ You chose this.", "→ This is the answer.", "One too many."]
    expect(page.get_by_label("once")).to_be_disabled()


def test_what_a_search_found_is_covered_until_the_reader_has_committed(notebook: Page) -> None:
    notebook.locator(".jp-Notebook .jp-Cell").nth(6).locator(".jp-InputArea-editor").click()
    notebook.keyboard.press("Shift+Enter")
    notebook.keyboard.press("Shift+Enter")
    question, stepper = notebook.locator(".sevviz-predict").last, notebook.locator(".sevviz").last
    found = stepper.get_by_text("Deadlock in 2 of 6 schedules.")
    expect(stepper.get_by_text("covered until you commit your prediction")).to_be_visible()
    expect(found).to_be_hidden()
    question.get_by_label("They deadlock").check()
    question.get_by_role("button", name="Commit my prediction").click()
    expect(found).to_be_visible()
    expect(stepper.get_by_text("covered until you commit your prediction")).to_be_hidden()
    notebook.locator(".jp-Notebook .jp-Cell").nth(8).locator(".jp-InputArea-editor").click()
    notebook.keyboard.press("Shift+Enter")
    expect(notebook.get_by_text("covered False")).to_be_visible()


@pytest.fixture(scope="module")
def covered_page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A notebook with a question and two steppers, of which one waits for it, as a page."""
    folder = tmp_path_factory.mktemp("covered")
    cells = [
        "import sevviz\nguess = sevviz.predict('v4')\nguess",
        "sevviz.Stepper('v4', after=guess)",
        "sevviz.Stepper('v4')",
    ]
    write_notebook(folder / "covered.ipynb", cells)
    path = folder / "covered.html"
    export_notebook(folder / "covered.ipynb", path)
    return path


def test_on_a_page_one_stepper_waits_for_its_question_and_nothing_moves(
    offline: BrowserContext, covered_page: Path
) -> None:
    page = offline.new_page()
    page.goto(covered_page.as_uri())
    first, second = page.locator(".sevviz").all()
    height = first.evaluate("(one) => one.getBoundingClientRect().height")
    expect(second).to_be_hidden()  # it tells what the first one keeps to itself
    page.get_by_role("button", name="Show it without an answer").click()
    expect(second.get_by_text("Sleep in atomic context in every schedule.")).to_be_visible()
    expect(first.get_by_text("Sleep in atomic context in every schedule.")).to_be_hidden()
    page.get_by_role("button", name="Commit my prediction").click()
    expect(first.get_by_text("Sleep in atomic context in every schedule.")).to_be_visible()
    assert first.evaluate("(one) => one.getBoundingClientRect().height") == height


def test_a_reader_may_look_without_a_prediction(offline: BrowserContext, covered_page: Path) -> None:
    page = offline.new_page()
    page.goto(covered_page.as_uri())
    stepper = page.locator(".sevviz").first
    chip = stepper.get_by_role("button", name="both -EBUSY")
    expect(chip).to_have_count(0)  # covered for those who hear the page, too
    stepper.get_by_role("button", name="Show it anyway").click()
    chip.click()
    expect(stepper.locator(".sv-counter")).to_contain_text("step 20 of 20")
