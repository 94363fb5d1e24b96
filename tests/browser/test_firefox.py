"""Exported pages in Firefox, from disk and without a network: the same words as in Chromium, click by click."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import pytest

from browser.firefox import FirefoxError, launch_firefox

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

    from browser.firefox import Firefox

pytestmark = pytest.mark.firefox
PLAYER = "#stepper-1"
ALIVE = "() => document.querySelectorAll('section.player').length === document.querySelectorAll('.alive').length"
COPIED = "() => document.querySelector('#stepper-1 .sv-remark').textContent === 'Link copied.'"
# All that a reader reads in the first player, and where the address stands.
WORDS = """() => {
  const player = document.getElementById("stepper-1");
  const texts = (places) => [...player.querySelectorAll(places)].map((place) => place.textContent);
  return {
    fragment: location.hash, schedule: player.querySelector(".sv-field").value,
    said: texts(".sv-said, .sv-alert, .sv-remark, .sv-badge, .sv-counter"),
    cards: texts(".sv-card .sv-slot > :not(.sv-ghost)"), objects: texts(".sv-objects tr"),
    marks: texts(".sv-line.sv-at"), lanes: texts(".sv-lanes"),
    pressed: [...player.querySelectorAll("[aria-pressed]")].map((chip) => chip.getAttribute("aria-pressed")),
    disabled: [...player.querySelectorAll("[aria-disabled]")].map((button) => button.getAttribute("aria-disabled")),
    ring: [...player.querySelectorAll(".sv-picture .sv-ring")].map((part) => part.dataset.id),
  };
}"""


class Reader(Protocol):
    """What a reader does with a page, in whichever browser."""

    def open(self, url: str) -> None:
        """Go to an address."""

    def reload(self) -> None:
        """Load the page again."""

    def evaluate(self, function: str) -> Any:  # noqa: ANN401 - whatever the function gives
        """What a JavaScript function gives."""

    def wait_for(self, function: str) -> None:
        """Wait until a JavaScript function gives something true."""

    def click(self, inside: str, name: str) -> None:
        """Click on a button."""

    def press(self, *keys: str) -> None:
        """Press keys together."""


class ChromiumReader(Reader):
    """The same in Chromium."""

    def __init__(self, page: Page) -> None:
        self._page = page

    def open(self, url: str) -> None:  # noqa: D102 - as above, and so are those below
        self._page.goto(url)

    def reload(self) -> None:  # noqa: D102
        self._page.reload()

    def evaluate(self, function: str) -> Any:  # noqa: ANN401, D102
        return self._page.evaluate(function)

    def wait_for(self, function: str) -> None:  # noqa: D102
        self._page.wait_for_function(function)

    def click(self, inside: str, name: str) -> None:  # noqa: D102
        self._page.locator(inside).get_by_role("button", name=name, exact=True).click(force=True)

    def press(self, *keys: str) -> None:  # noqa: D102
        self._page.keyboard.press("+".join(keys))


@pytest.fixture(scope="module")
def firefox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Firefox]:
    with launch_firefox(tmp_path_factory.mktemp("firefox")) as started:
        yield started


@pytest.fixture
def quiet_firefox(firefox: Firefox) -> Iterator[Firefox]:
    """Whatever a page asks for or logs as an error fails the test."""
    firefox.requests.clear()
    firefox.errors.clear()
    yield firefox
    assert [url for url in firefox.requests if not url.startswith(("file:", "data:", "about:"))] == []
    assert firefox.errors == []


def journey(reader: Reader, url: str) -> dict[str, Any]:
    """Click to the deadlock, go back, fork, copy the link, load again, open the copied link: the words each time."""
    told = {}

    def tell(moment: str) -> None:
        told[moment] = reader.evaluate(WORDS)

    reader.open(url)
    reader.wait_for(ALIVE)
    tell("start")
    for task in (1, 2):
        reader.click(PLAYER, f"Step {task}")
    tell("deadlock")
    reader.click(PLAYER, "Step 1")
    tell("refused")
    reader.press("ArrowLeft")
    tell("back")
    reader.click(PLAYER, "Step 1")
    tell("fork")
    reader.click(PLAYER, "Copy link")
    reader.wait_for(COPIED)
    reader.evaluate("() => document.querySelector('#stepper-1 .sv-field').select()")
    reader.evaluate("() => document.querySelector('#stepper-1 .sv-field').focus()")
    reader.press("Control", "v")
    link = reader.evaluate("() => document.querySelector('#stepper-1 .sv-field').value")
    reader.reload()
    reader.wait_for(ALIVE)
    tell("reloaded")
    reader.open("about:blank")
    reader.open(link)
    reader.wait_for(ALIVE)
    tell("opened")
    return {**told, "link": link}


def test_the_same_words_as_in_chromium(quiet_firefox: Firefox, chromium: Browser, naive_page: Path) -> None:
    page = chromium.new_page()
    url = naive_page.as_uri()
    expected = journey(ChromiumReader(page), url)
    page.close()
    found = journey(quiet_firefox, url)
    assert found == expected
    assert any("Deadlock: task 1 (A→B) waits for A.lock" in text for text in found["deadlock"]["said"])
    assert found["fork"]["schedule"] == "1 1"
    assert found["link"] == f"{url}#stepper-1=1.1@2"
    assert found["opened"] == found["reloaded"]


def test_the_network_is_off(firefox: Firefox) -> None:
    """So that what a page would ask for is not answered here, and the tests above can mean what they say."""
    with pytest.raises(FirefoxError, match="PROXY"):
        firefox.open("http://127.0.0.1:8/")


def test_the_policy_stops_what_is_not_ours(firefox: Firefox, naive_page: Path, tmp_path: Path) -> None:
    handler = '<img src="data:image/png;base64,x" onerror="document.title = 1">'
    smuggled = f'<script>document.title = "owned"</script>{handler}<p style="color: red">x</p><img src="https://x/">'
    path = tmp_path / "smuggled.html"
    path.write_text(naive_page.read_text(encoding="utf-8").replace("<main", f"{smuggled}<main", 1), encoding="utf-8")
    firefox.open(path.as_uri())
    firefox.wait_for(ALIVE)
    assert firefox.evaluate("() => document.title") == "Naive: lock both VMs, destination first: A→B ‖ B→A"
    assert firefox.evaluate("() => refused.sort()") == [
        "img-src",
        "script-src-attr",
        "script-src-elem",
        "style-src-attr",
    ]


@pytest.mark.parametrize("width", [1280, 375])
def test_nothing_scrolls_sideways(quiet_firefox: Firefox, naive_page: Path, width: int) -> None:
    quiet_firefox.resize(width, 800)
    quiet_firefox.open(f"{naive_page.as_uri()}#stepper-1=1.2@2")
    quiet_firefox.wait_for(ALIVE)
    assert quiet_firefox.evaluate("() => document.documentElement.scrollWidth") <= width


@pytest.mark.slow
def test_every_page_of_the_book_comes_alive_and_fits_a_phone(quiet_firefox: Firefox, book: dict[str, Path]) -> None:
    quiet_firefox.resize(375, 800)
    for name, path in book.items():
        quiet_firefox.open(path.as_uri())
        quiet_firefox.wait_for(ALIVE)
        assert quiet_firefox.evaluate("() => document.documentElement.scrollWidth") <= 375, name
        assert quiet_firefox.evaluate("() => refused") == [], name
