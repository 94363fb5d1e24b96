"""The stepper in real JupyterLab: the widget, what Python reads from it, and the keyboard trap."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from browser.chromium import PATIENCE, violations
from browser.jupyter import TOKEN, jupyter_lab, open_notebook, write_notebook
from sevviz import Stepper

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page


CELLS = [
    "import sevviz.stepper\nstepper = sevviz.stepper.Stepper('naive', 'double')\nstepper",
    "print('explored', stepper.schedule, stepper.step, len(stepper.trace.steps))",
    "stepper.show('2 2', 1)",
]


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a JupyterLab of its own, with nothing of this user's settings."""
    home = tmp_path_factory.mktemp("lab")
    write_notebook(home / "stepper.ipynb", CELLS)
    write_saved_notebook(home / "saved.ipynb")
    with jupyter_lab(home) as address:
        yield address


@pytest.fixture(scope="module")
def notebook(lab: str, chromium: Browser) -> Iterator[Page]:
    """The notebook with the stepper on the screen."""
    page = open_notebook(chromium, lab, "stepper.ipynb")
    page.locator(".jp-Notebook .jp-Cell").first.click()
    page.keyboard.press("Shift+Enter")
    page.get_by_role("button", name="Step 1", exact=True).wait_for()
    # The kernel's first drawing takes a second of imports, and ipywidgets holds back what is chosen meanwhile.
    page.locator("img.sv-figure:not([hidden])").wait_for()
    yield page
    page.close()


def write_saved_notebook(path: Path) -> None:
    """A notebook as somebody else saved it: the stepper's output is there, and no kernel that made it."""
    bundle = Stepper("naive", schedule="1 2")._repr_mimebundle_()
    assert bundle is not None
    output = {"output_type": "display_data", "metadata": {}, "data": bundle[0]}
    cell = {
        "cell_type": "code",
        "id": "saved",
        "execution_count": 1,
        "metadata": {},
        "outputs": [output],
        "source": "s",
    }
    notebook = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [cell]}
    path.write_text(json.dumps(notebook), encoding="utf-8")


def run_cell(page: Page, number: int) -> None:
    """Run a cell, numbered from 1."""
    page.locator(".jp-Notebook .jp-Cell").nth(number - 1).locator(".cm-content").click()
    page.keyboard.press("Control+Enter")


def explored(page: Page) -> str:
    """What the second cell prints of the stepper."""
    run_cell(page, 2)
    output = page.locator(".jp-Notebook .jp-Cell").nth(1).locator(".jp-OutputArea-output").last
    expect(output).to_contain_text("explored")
    page.wait_for_timeout(300)
    return output.inner_text().strip()


def step(page: Page, task: int) -> None:
    """Press a Step button."""
    page.get_by_role("button", name=f"Step {task}", exact=True).click(force=True)


def start_over(page: Page) -> None:
    """Empty the schedule by hand."""
    field = page.get_by_label("Schedule", exact=True)
    field.fill("")
    field.press("Enter")


def test_python_reads_the_deadlock_that_was_clicked_together(notebook: Page) -> None:
    start_over(notebook)
    step(notebook, 1)
    step(notebook, 2)
    expect(notebook.locator(".sv-badge")).to_have_text("deadlocked")
    expect(notebook.get_by_text("Waits for A.lock, held by task 2 (B→A) since step 2").first).to_be_visible()
    assert explored(notebook) == "explored 1 2 2 2"


def test_stepping_back_and_forking(notebook: Page) -> None:
    start_over(notebook)
    for task in (1, 2):
        step(notebook, task)
    notebook.get_by_role("button", name="One step back").click()
    assert explored(notebook) == "explored 1 2 1 2"
    step(notebook, 1)
    assert explored(notebook) == "explored 1 1 2 2"


def test_python_shows_a_schedule(notebook: Page) -> None:
    run_cell(notebook, 3)
    expect(notebook.get_by_label("Schedule", exact=True)).to_have_value("2 2")
    expect(notebook.locator(".sv-counter")).to_have_text("step 1 of 2")


def test_keys_do_not_reach_the_notebook(notebook: Page) -> None:
    """After a click on Step, JupyterLab would take `b` as "insert a cell" and `x` as "cut this cell"."""
    start_over(notebook)
    cells = notebook.locator(".jp-Notebook .jp-Cell").count()
    step(notebook, 1)
    step(notebook, 2)
    for key in ("b", "x", "a", "d", "d", "m", "y", "Enter"):
        notebook.keyboard.press(key)
    step(notebook, 1)  # blocked now: it keeps the focus
    for key in ("b", "x", "a", "d", "d"):
        notebook.keyboard.press(key)
    notebook.locator(".sv-title").click()  # no control at all
    for key in ("b", "x", "a", "d", "d"):
        notebook.keyboard.press(key)
    notebook.wait_for_timeout(200)
    assert notebook.locator(".jp-Notebook .jp-Cell").count() == cells
    notebook.keyboard.press("u")
    expect(notebook.locator(".sv-counter")).to_have_text("step 1 of 2")


def test_the_timeline_follows_the_schedule(notebook: Page) -> None:
    start_over(notebook)
    step(notebook, 1)
    figure = notebook.locator("img.sv-figure")
    expect(figure).to_be_visible()
    expect(figure).to_have_attribute(
        "alt", "Timeline of the schedule 1. Task 1 (A→B) calls mutex_lock(B.lock) and holds it now."
    )


def test_what_a_real_kernel_printed_at_the_readers_schedule_is_told(notebook: Page) -> None:
    start_over(notebook)
    step(notebook, 1)
    kernel = notebook.locator(".sv-kernel")
    expect(kernel.locator("summary").first).to_have_text("A real kernel: not run at this schedule")
    step(notebook, 2)
    expect(kernel.locator("summary").first).to_have_text("A real kernel at this schedule: 3 reports")
    kernel.locator("summary").first.click()
    expect(kernel.locator("pre").first).to_contain_text("WARNING: possible recursive locking detected")
    expect(kernel.locator("li").first).to_have_text("task 1 sleeps (D), waiting for A.lock, which task 2 holds")


def test_axe_finds_nothing_in_the_widget(notebook: Page) -> None:
    assert violations(notebook, within=".sevviz") == []


def test_a_phone_shows_the_notebook_alone(lab: str, chromium: Browser) -> None:
    """README: /doc/ for /lab/ and &reset; else the list of files, which a wide window had open, covers the notebook."""
    page = chromium.new_page(viewport={"width": 1280, "height": 800})
    page.set_default_timeout(PATIENCE)
    # JupyterLab keeps what is open in a workspace, a while after it has shown it.
    with page.expect_response(lambda said: "/api/workspaces" in said.url and said.request.method == "PUT"):
        page.goto(f"{lab}/lab/tree/stepper.ipynb?token={TOKEN}")
        expect(page.locator("#jp-left-stack")).to_be_visible()
    page.set_viewport_size({"width": 375, "height": 812})
    page.goto(f"{lab}/doc/tree/stepper.ipynb?token={TOKEN}&reset")
    page.locator(".jp-Notebook .jp-Cell").first.wait_for()
    expect(page.locator("#jp-left-stack")).to_be_hidden()
    # A cell that is not yet laid out has no width.
    page.wait_for_function("document.querySelector('.jp-Notebook .jp-Cell').getBoundingClientRect().width > 250")
    page.close()


def test_an_untrusted_notebook_shows_the_static_picture(lab: str, chromium: Browser) -> None:
    page = chromium.new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(f"{lab}/lab/tree/saved.ipynb?token={TOKEN}&reset")
    output = page.locator(".jp-Notebook .jp-OutputArea-output")
    expect(output).to_contain_text("Deadlock in 2 of 6 schedules.")
    expect(output).to_contain_text("Task 2 (B→A) calls mutex_lock(A.lock) and holds it now.")
    assert output.locator("img").evaluate("image => image.decode().then(() => image.naturalWidth)") > 100
    page.close()
