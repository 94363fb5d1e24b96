"""Exported pages on paper, in forced colours, in the dark, and for readers who want no motion."""

from __future__ import annotations

import unicodedata
from collections import Counter
from typing import TYPE_CHECKING, Literal

import pypdfium2
import pytest

from browser.chromium import COLOUR_RULES, violations
from browser.test_book import ALIVE, PAGES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

# What is to be on paper: everything unfolded, and without players.
PRINTED = """() => {
  dispatchEvent(new Event("beforeprint"));
  const text = document.querySelector("main").innerText;
  dispatchEvent(new Event("afterprint"));
  return text;
}"""
# Words in pictures would make up for lost ones.
WITHOUT_PICTURES = "document.querySelectorAll('img').forEach((one) => one.remove())"
# How each button that can be seen is drawn.
BUTTONS = """() => [...document.querySelectorAll("#stepper-1 button")].filter((one) => one.offsetParent).map((one) => {
  const { borderTopStyle, borderTopWidth, borderTopColor, backgroundColor } = getComputedStyle(one);
  const pressed = one.getAttribute("aria-pressed") === "true";
  return [`${borderTopStyle} ${borderTopWidth}`, borderTopColor, backgroundColor, pressed];
})"""
MOVING = """() => [...document.querySelectorAll("*")].map((one) => getComputedStyle(one))
  .filter((style) => style.transitionDuration !== "0s" || style.animationName !== "none").length"""
COLOURS = (
    "() => { const { backgroundColor, color } = getComputedStyle(document.body); return [backgroundColor, color]; }"
)
WHITE, BLACK = "rgb(255, 255, 255)", "rgb(0, 0, 0)"


@pytest.fixture
def page(chromium: Browser, naive_page: Path) -> Iterator[Page]:
    """The exported page of the naive scheme at its deadlock."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900}, bypass_csp=True)
    opened = context.new_page()
    opened.goto(f"{naive_page.as_uri()}#stepper-1=1.2@2")
    opened.wait_for_function(ALIVE)
    yield opened
    context.close()


def paper(page: Page, folder: Path) -> str:
    """The text of the printed page; a letter outside of its sheet fails the test."""
    path = folder / "paper.pdf"
    page.pdf(path=path, format="A4")
    with pypdfium2.PdfDocument(path) as document:
        return "\n".join(_sheet(sheet) for sheet in document)


def _sheet(sheet: pypdfium2.PdfPage) -> str:
    width, height = sheet.get_size()
    text = sheet.get_textpage()
    for number in range(text.count_chars()):
        left, bottom, right, top = text.get_charbox(number)
        inside = 0 <= left <= right <= width and 0 <= bottom <= top <= height
        assert inside, text.get_text_range(number, 40)
    whole: str = text.get_text_range()
    text.close()
    return whole


def letters(text: str) -> Counter[str]:
    """How often each letter is there: lines and lists break elsewhere on paper, but no letter may be lost."""
    return Counter(char for char in unicodedata.normalize("NFKC", text).casefold() if char.isalpha())


@pytest.mark.slow
@pytest.mark.parametrize("name", PAGES)
def test_no_letter_is_lost_on_paper(chromium: Browser, book: dict[str, Path], name: str, tmp_path: Path) -> None:
    page = chromium.new_page()
    page.goto(book[name].as_uri())
    page.wait_for_function(ALIVE)
    page.evaluate(WITHOUT_PICTURES)
    printed = letters(paper(page, tmp_path))
    page.emulate_media(media="print")
    assert not letters(page.evaluate(PRINTED)) - printed
    page.close()


def test_on_paper_the_story_stands_in_for_the_player(page: Page, tmp_path: Path) -> None:
    text = paper(page, tmp_path)
    assert "shortest schedule: 1 2" in text
    assert "Deadlock: task 1 (A→B) waits for A.lock" in text
    for control in ("Copy link", "Run to the next choice", "All steps as text", "Skip to the text"):
        assert control not in text


def test_paper_is_white_even_where_the_screen_is_dark(page: Page) -> None:
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate(COLOURS) == [WHITE, BLACK]
    assert violations(page, *COLOUR_RULES) == []


def test_a_dark_page_has_light_letters(page: Page) -> None:
    light = page.evaluate(COLOURS)
    page.emulate_media(color_scheme="dark")
    dark = page.evaluate(COLOURS)
    assert _brightness(light[0]) > _brightness(light[1])
    assert _brightness(dark[0]) < _brightness(dark[1])


def _brightness(colour: str) -> int:
    return sum(int(part) for part in colour.removeprefix("rgb(").removesuffix(")").split(","))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_in_forced_colours_every_button_has_its_edge_and_the_pressed_one_stands_out(
    page: Page, scheme: Literal["light", "dark"]
) -> None:
    page.emulate_media(forced_colors="active", color_scheme=scheme, reduced_motion="reduce")
    buttons = page.evaluate(BUTTONS)
    assert len(buttons) > 10
    for edge, colour, background, _ in buttons:
        assert edge in ("solid 1px", "dashed 1px")
        assert colour != background
    pressed = {background for _, _, background, down in buttons if down}
    others = {background for _, _, background, down in buttons if not down}
    assert len(pressed) == 1
    assert pressed.isdisjoint(others)
    assert violations(page, *COLOUR_RULES) == []


def test_nothing_moves_for_those_who_want_it_still(page: Page) -> None:
    page.emulate_media(reduced_motion="no-preference")
    assert page.evaluate(MOVING) > 0
    page.emulate_media(reduced_motion="reduce")
    assert page.evaluate(MOVING) == 0
