"""Debian's Chromium, a page with one player on it, and axe-core."""

from __future__ import annotations

import json
import shutil
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import axe_playwright_python

import sevviz
from sevviz.payload import pack

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from playwright.sync_api import Browser, Page, Playwright

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
OPTIONS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
PLAYER = Path(sevviz.__file__).parent / "player"
AXE = Path(axe_playwright_python.__file__).parent / "axe.min.js"
AXE_TAGS = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"]
COLOUR_RULES = ("color-contrast", "link-in-text-block")
# What is right is neither described nor sent: that were most of the work.
LOOK = """async ([within, only]) => {
  const found = await axe.run(within || document, { runOnly: only, resultTypes: ["violations"] });
  return found.violations.flatMap((rule) => rule.nodes.map((node) => `${rule.id}: ${JSON.stringify(node.target)}`));
}"""
# Milliseconds for whatever a page or a kernel is to do: no test of speed, so far above what a busy machine needs.
PATIENCE = 60_000
WIDTHS = SCREEN, PHONE = 1280, 375  # CSS pixels
# How a page is looked at: a width, light or dark, and by which rules: all, if none is named.
Corner = tuple[int, Literal["light", "dark"], *tuple[str, ...]]
CORNERS: tuple[Corner, ...] = (
    (SCREEN, "light"),
    (PHONE, "dark"),
    (SCREEN, "dark", *COLOUR_RULES),
    (PHONE, "light", *COLOUR_RULES),
)

TEMPLATE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Player</title><style>
body {{ margin: 0; padding: 8px; background: #fff; }}
@media (prefers-color-scheme: dark) {{ body {{ background: #14171b; color: #e9ebee; }} }}
{css}
</style></head>
<body><main><h1>Player</h1>{homes}</main>
<script type="application/json" id="data">{data}</script>
<script type="module">
const source = {script};
const url = URL.createObjectURL(new Blob([source], {{ type: "text/javascript" }}));
const {{ mount }} = await import(url);
const {{ payloads, schedule }} = JSON.parse(document.getElementById("data").textContent);
window.changes = [];
const link = (written, step) => `https://example.org/#${{written.replaceAll(" ", "+")}}@${{step}}`;
window.players = payloads.map((payload, index) => mount(document.getElementById(`home-${{index}}`), payload, {{
  schedule, link, onChange: (change) => window.changes.push(change),
}}));
</script></body></html>
"""


def launch(playwright: Playwright) -> Browser:
    """The browser of this machine, without the services that would call home."""
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    return playwright.chromium.launch(executable_path=found, args=OPTIONS)


def page_with(payloads: list[dict[str, Any]], schedule: str = "") -> str:
    """An HTML page that mounts a player for each payload."""
    homes = "".join(f'<div id="home-{index}"></div>' for index in range(len(payloads)))
    data = json.dumps({"payloads": payloads, "schedule": schedule}).replace("<", "\\u003c")
    script = json.dumps((PLAYER / "player.js").read_text(encoding="utf-8")).replace("<", "\\u003c")
    css = (PLAYER / "player.css").read_text(encoding="utf-8")
    return TEMPLATE.format(css=css, homes=homes, data=data, script=script)


def payload_of(scheme: str, scenario: str = "double", **options: Any) -> dict[str, Any]:  # noqa: ANN401 - those of pack
    """The payload of a shipped scheme in a scenario."""
    return pack(sevviz.check(scheme, scenario), **options)


def violations(page: Page, *rules: str, within: str = "") -> list[str]:
    """What axe-core finds wrong, by some of its rules or by all: rule and place, nothing if all is well.

    `within` is a selector, where a page has parts that are not ours.
    """
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found: list[str] = page.evaluate(LOOK, [within, list(rules) or AXE_TAGS])
    return found


@contextmanager
def readable(browser: Browser) -> Iterator[Page]:
    """A page that axe-core can look at: its policy would keep axe out, and a colour half way to another is none."""
    context = browser.new_context(bypass_csp=True, reduced_motion="reduce")
    yield context.new_page()
    context.close()


def troubles(page: Page, corners: Sequence[Corner] = CORNERS) -> dict[str, object]:
    """What axe-core finds on a wide screen and on a phone, light and dark, and how wide a page is that is too wide."""
    found: dict[str, object] = {}
    for width, scheme, *rules in corners:
        page.set_viewport_size({"width": width, "height": 800})
        page.emulate_media(color_scheme=scheme)
        found[f"{width} {scheme}"] = violations(page, *rules)
        needed = page.evaluate("document.documentElement.scrollWidth")
        found[f"{width} {scheme} needs"] = needed if needed > width else None
    return {place: what for place, what in found.items() if what}
