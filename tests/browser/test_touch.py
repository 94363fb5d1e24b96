"""A page on a phone: fingers instead of a mouse."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

from sevviz.export.pages import export_scheme

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser


def test_a_deadlock_is_tapped_together_and_undone_on_a_phone(chromium: Browser, tmp_path: Path) -> None:
    file = tmp_path / "naive.html"
    export_scheme("naive", "double", file)
    context = chromium.new_context(
        viewport={"width": 375, "height": 800}, has_touch=True, is_mobile=True, offline=True
    )  # fmt: skip
    page = context.new_page()
    page.goto(file.as_uri())
    status = page.locator("#stepper-1 .sv-status")
    for task in (1, 2):
        page.get_by_role("button", name=f"Step {task}", exact=True).tap()
    expect(status).to_contain_text("Deadlock: task 1 (A→B) waits for A.lock")
    page.get_by_role("button", name="One step back").tap()
    expect(status).to_contain_text("Step 1.")
    page.get_by_role("gridcell", name="Task 1 after 1 step, task 2 after 1 step").tap()
    expect(status).to_contain_text("Deadlock")
    assert page.url.endswith("#stepper-1=1.2@2")
    context.close()
