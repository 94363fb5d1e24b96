"""What a kernel prints, and the classes of locks, as views on a page of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from browser.chromium import violations
from browser.test_explain import open_view
from sevviz.kernelviews import ClassesView, KernelView
from sevviz.stepper import Stepper

if TYPE_CHECKING:
    from browser.test_explain import OpenView

__all__ = ["open_view"]  # a fixture is found by its name


def payload_of(view: str) -> dict[str, Any]:
    if view == "classes":
        return dict(ClassesView(Stepper("v4")).payload)
    return dict(KernelView(Stepper("v4", "cpus", schedule="4 1 1 1")).payload)


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
    page.get_by_role("button", name="As distributions build it").click()
    expect(page.get_by_role("status")).to_contain_text("as distributions build it would print:")
    expect(page.get_by_role("heading", level=3)).to_have_text(
        ["The soft-lockup detector, task 2", "The soft-lockup detector, task 3", "The hung-task detector, task 1"]
    )
    expect(page.get_by_text("Without the debug options this kernel does not look.")).to_be_visible()


def test_what_a_real_kernel_printed_stands_beside_it(open_view: OpenView) -> None:
    page = open_view(dict(KernelView(Stepper("naive", "double", schedule="1 2")).payload))
    page.get_by_role("button", name="Recorded, with lock checks").click()
    expect(page.get_by_role("status")).to_contain_text("A Linux 6.12.117")
    expect(page.get_by_role("heading", level=3).first).to_have_text("WARNING: possible recursive locking detected")


def test_the_picture_of_the_classes_has_its_words(open_view: OpenView) -> None:
    page = open_view(payload_of("classes"))
    expect(page.get_by_role("img", name="Lock-order graphs.")).to_be_visible()
    expect(page.locator(".sx-line", has_text="Lockdep objects: a mutex is taken inside a spinlock")).to_be_visible()
