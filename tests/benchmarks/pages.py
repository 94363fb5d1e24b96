"""`python -m benchmarks.pages` in the folder tests: what exported pages weigh and how fast they are, and the notebook.

First paint: until the player is there. Click: from a press of a step button to the end of the second frame after it,
so 33 ms is "at once". Both are medians; of the notebook's cells only the first has the imports to do.
"""

from __future__ import annotations

import argparse
import gzip
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from browser.chromium import launch, violations
from browser.jupyter import jupyter_lab, open_notebook, write_notebook
from playwright.sync_api import sync_playwright

from sevviz.export.pages import export_notebook, export_scheme, notebooks_folder

from .readme import markdown, put

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, Page

HEADINGS = ("what", "KB", "KB gzipped", "requests", "axe-core", "first paint", "click")
SCHEMES = (("naive", "double"), ("flag_then_mutex", "double"), ("v4", "double"))
NOTEBOOKS = ("00_start_here", "03_flag", "09_matrix")
# The last one takes the longest of all shipped schemes in all scenarios.
CELLS = (("naive", "double"), ("v4", "double"), ("v8_vcpus", "bystander"))
BUTTON = ".sv-card button:not([aria-disabled=true])"
CLICKS = """async ([button, count]) => {
  const frame = () => new Promise(requestAnimationFrame);
  const times = [];
  for (let n = 0; n < count; n += 1) {
    const found = document.querySelector(button);
    if (!found) break;
    const started = performance.now();
    found.click();
    await frame();
    await frame();
    times.push(performance.now() - started);
  }
  return times;
}"""


class Row(NamedTuple):
    """What was measured of a page (or of a cell of a notebook, which has no size)."""

    what: str
    size: int | None
    packed: int | None
    requests: int | None
    violations: int | None
    paint: float  # seconds
    click: float | None  # milliseconds; None without a stepper

    def cells(self) -> tuple[str, ...]:
        """As a row of the table."""
        size = (
            ("", "")
            if self.size is None or self.packed is None
            else (f"{self.size / 1024:.0f}", f"{self.packed / 1024:.0f}")
        )
        counts = tuple("" if one is None else str(one) for one in (self.requests, self.violations))
        click = "" if self.click is None else f"{self.click:.0f} ms"
        return self.what, *size, *counts, f"{self.paint * 1000:.0f} ms", click


def page_row(browser: Browser, what: str, file: Path, runs: int) -> Row:
    """Open an exported page with the network off, several times."""
    requests, paints, clicks, wrong = list[str](), list[float](), list[float](), list[str]()
    for _ in range(runs):
        context = browser.new_context(viewport={"width": 1280, "height": 900}, offline=True, bypass_csp=True)
        context.on("request", lambda r: None if r.url.startswith(("file:", "data:")) else requests.append(r.url))
        page = context.new_page()
        started = time.perf_counter()
        page.goto(file.as_uri(), wait_until="commit")
        page.wait_for_selector("section.player.alive")
        paints.append(time.perf_counter() - started)
        clicks += page.evaluate(CLICKS, [f"section.player {BUTTON}", 12])
        wrong = violations(page)
        context.close()
    data = file.read_bytes()
    packed = len(gzip.compress(data, 9))
    click = statistics.median(clicks) if clicks else None
    return Row(what, len(data), packed, len(requests), len(wrong), statistics.median(paints), click)


def exported(browser: Browser, folder: Path, runs: int) -> Iterator[Row]:
    """One row for each page."""
    for scheme, scenario in SCHEMES:
        file = folder / f"{scheme}.html"
        export_scheme(scheme, scenario, file)
        yield page_row(browser, f"page `{scheme}`, {scenario}", file, runs)
    for name in NOTEBOOKS:
        file = folder / f"{name}.html"
        export_notebook(notebooks_folder() / f"{name}.ipynb", file)
        yield page_row(browser, f"page of `{name}`", file, runs)


def cell_row(page: Page, index: int, what: str) -> Row:
    """Run one cell of an open notebook and step in the player that it shows."""
    cell = page.locator(".jp-Notebook-cell").nth(index)
    cell.locator(".cm-content").click()
    started = time.perf_counter()
    page.keyboard.press("Control+Enter")
    cell.locator(".sv-card").first.wait_for()
    paint = time.perf_counter() - started
    clicks = page.evaluate(CLICKS, [f".jp-Notebook-cell:nth-of-type({index + 1}) {BUTTON}", 12])
    # The timeline below the player comes later, from the kernel; the next cell is not to wait for it.
    cell.locator("img.sv-figure:not([hidden])").wait_for()
    return Row(what, None, None, None, None, paint, statistics.median(clicks) if clicks else None)


def in_notebook(browser: Browser, folder: Path) -> Iterator[Row]:
    """One row for each stepper in JupyterLab."""
    sources = [f"import sevviz\nsevviz.Stepper({scheme!r}, {scenario!r})" for scheme, scenario in CELLS]
    write_notebook(folder / "paint.ipynb", sources)
    with jupyter_lab(folder) as address:
        page = open_notebook(browser, address, "paint.ipynb")
        for index, (scheme, scenario) in enumerate(CELLS):
            yield cell_row(page, index, f"notebook cell `{scheme}`, {scenario}")
        page.context.close()


def measured(runs: int, told: Callable[[str], object]) -> list[Row]:
    """All rows; each is told as it comes."""
    rows = list[Row]()
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        browser, folder = launch(playwright), Path(name)
        for row in (*exported(browser, folder, runs), *in_notebook(browser, folder)):
            told(" ".join(row.cells()) + "\n")
            rows.append(row)
        browser.close()
    return rows


def main() -> int:
    """Measure, print a table in Markdown, and put it into the README if asked."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pages", description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--readme", action="store_true", help="put the table into README.md")
    options = parser.parse_args()
    rows = measured(options.runs, sys.stderr.write)
    table = markdown(HEADINGS, [row.cells() for row in rows])
    sys.stdout.write(table)
    if options.readme:
        put("pages", table)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
