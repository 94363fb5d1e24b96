"""What a kernel prints, and the classes of locks, as views on a page; what kernels printed, in every stepper."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import pytest
from playwright.sync_api import expect

from browser.chromium import violations
from browser.test_explain import open_view
from sevviz.catalogue import load
from sevviz.export.pages import export_scheme
from sevviz.kernelviews import ClassesView, KernelView
from sevviz.stepper import Stepper

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser, BrowserContext, Page

    from browser.test_explain import OpenView

__all__ = ["open_view"]  # a fixture is found by its name


def payload_of(view: str) -> dict[str, Any]:
    if view == "classes":
        return dict(ClassesView(Stepper("v4")).payload)
    return dict(KernelView(Stepper("v4", "cpus", schedule="1 1 1 4 2 3")).payload)


@pytest.mark.parametrize("view", ["kernel", "classes"])
@pytest.mark.parametrize(("width", "dark"), [(375, False), (1280, True)])
def test_each_view_is_accessible_and_fits(view: str, width: int, dark: bool, open_view: OpenView) -> None:  # noqa: FBT001
    page = open_view(payload_of(view), width=width, dark=dark)
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_reader_chooses_the_kernel(open_view: OpenView) -> None:
    page = open_view(payload_of("kernel"))
    expect(page.get_by_role("heading", name="might_sleep(), task 1")).to_be_visible()
    expect(page.get_by_role("group", name="The scheduler, task 1")).to_contain_text("BUG: scheduling while atomic")
    page.get_by_role("button", name="Without lock checks, as distributions build it").click()
    expect(page.get_by_role("status")).to_contain_text("without lock checks, as distributions build it would print:")
    expect(page.get_by_role("heading", level=3)).to_have_text(
        [
            "The scheduler, task 1",
            "The soft-lockup detector, task 2",
            "The soft-lockup detector, task 3",
            "The hung-task detector, task 1",
        ]
    )
    expect(page.get_by_text("Without lock checks this kernel does not look.")).to_be_visible()


def test_what_a_real_kernel_printed_stands_beside_it(open_view: OpenView) -> None:
    page = open_view(dict(KernelView(Stepper("naive", "double", schedule="1 2")).payload))
    page.get_by_role("button", name="Recorded, with lock checks").click()
    expect(page.get_by_role("status")).to_contain_text("A Linux 6.12.117")
    expect(page.get_by_role("heading", level=3).first).to_have_text("WARNING: possible recursive locking detected")


def test_the_picture_of_the_classes_has_its_words(open_view: OpenView) -> None:
    page = open_view(payload_of("classes"))
    expect(page.get_by_role("img", name="Lock-order graphs.")).to_be_visible()
    expect(page.locator(".sx-line", has_text="Lockdep objects: a mutex is taken inside a spinlock")).to_be_visible()


# What real kernels did, in the stepper of an exported page: for the reader's own schedule.


@pytest.fixture(scope="module")
def v4_page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("kernel") / "v4.html"
    export_scheme("v4", "double", path)
    return path


def opened(context: BrowserContext, path: Path, fragment: str = "") -> Page:
    page = context.new_page()
    page.goto(path.as_uri() + fragment)
    page.wait_for_selector("section.player.alive")
    return page


def test_a_stepper_tells_what_a_kernel_printed_along_the_readers_schedule(
    offline: BrowserContext, v4_page: Path
) -> None:
    page = opened(offline, v4_page, "#stepper-1=1.1.1@3")
    kernel = page.locator(".sv-kernel")
    summary, words = kernel.locator("summary").first, kernel.locator("pre")
    expect(summary).to_have_text("A real kernel: not run at this schedule")
    summary.click()
    expect(words).to_have_count(0)
    page.get_by_role("button", name="Step 1", exact=True).click()
    expect(summary).to_have_text("A real kernel at this schedule: 2 reports")
    expect(kernel.locator(".sv-run")).to_contain_text("kernel (with lock checks), run at this interleaving, printed:")
    expect(words.first).to_contain_text("BUG: sleeping function called from invalid context")
    expect(kernel.locator(".sv-runs > ul li").first).to_have_text("task 1 stands before its next step")
    others = kernel.locator(".sv-runs > details > summary")
    expect(others.first).to_contain_text(
        "kernel (without lock checks, as distributions build it), run at this interleaving, printed nothing"
    )
    page.get_by_role("button", name="Step 1", exact=True).click()
    expect(summary).to_have_text("A real kernel along its first 4 steps: 2 reports")
    expect(kernel.locator(".sv-run")).to_contain_text("run at the first 4 steps of it, printed:")


def test_the_reader_goes_to_a_schedule_that_was_run(offline: BrowserContext, v4_page: Path) -> None:
    page = opened(offline, v4_page)
    page.locator(".sv-kernel summary").first.click()
    choice = page.get_by_label("Go to a schedule at which a kernel was run")
    choice.focus()
    choice.press("1")  # a key of the list, not a step of task 1
    choice.select_option("2 2 2 2")
    expect(page.locator(".sv-field")).to_have_value("2 2 2 2")
    expect(page.locator(".sv-counter")).to_have_text("step 4 of 4")
    expect(page.locator(".sv-kernel summary").first).to_have_text("A real kernel at this schedule: 2 reports")
    expect(page.locator(".sv-kernel pre").first).to_contain_text("name: task2")


@pytest.mark.parametrize(("width", "scheme"), [(375, "light"), (1280, "dark")])
def test_the_words_of_a_kernel_are_accessible_and_fit(
    width: int, scheme: Literal["light", "dark"], chromium: Browser, v4_page: Path
) -> None:
    context = chromium.new_context(
        viewport={"width": width, "height": 800}, color_scheme=scheme, bypass_csp=True, reduced_motion="reduce"
    )
    page = opened(context, v4_page, "#stepper-1=1.1.1.1@4")
    for summary in page.locator(".sv-kernel summary").all():
        summary.click()
    expect(page.locator(".sv-kernel pre")).to_have_count(4)
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    context.close()


def test_an_edited_text_has_no_recorded_kernel() -> None:
    text = load("v4").text.text.replace("ret = 0", "ret = 1")
    assert Stepper(text, "double").payload["kernel"] is None
