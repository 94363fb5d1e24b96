"""Pictures on a page, on a phone: small ones shrink, large ones scroll and show that they do."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import sevviz
from sevviz.export.exporter import cleaned
from sevviz.views import draw_timeline, draw_wait_for

if TYPE_CHECKING:
    from playwright.sync_api import Browser

CSS = (Path(sevviz.__file__).parent / "export" / "page.css").read_text(encoding="utf-8")


def test_a_wide_picture_scrolls_and_shades_its_edge(chromium: Browser) -> None:
    trace = sevviz.run(sevviz.program("naive", "double"), (1, 2))
    small = cleaned(draw_wait_for(trace)._repr_html_())
    large = cleaned(draw_timeline(trace)._repr_mimebundle_()["text/html"])
    page = chromium.new_page(viewport={"width": 375, "height": 900})
    page.set_content(
        f'<!doctype html><style>{CSS}</style><main><div class="output">{small}</div><div class="output">{large}</div>'
    )
    page.wait_for_function("[...document.images].every((image) => image.complete)")
    shown, drawn = page.locator("img").first.evaluate("image => [image.width, image.naturalWidth]")
    assert shown <= 343
    assert 13 * shown / drawn >= 9, "the letters of a shrunk picture can be read"
    box = page.locator(".scroll")
    shown, drawn, visible = box.evaluate(
        "box => [box.firstElementChild.width, box.firstElementChild.naturalWidth, box.clientWidth]"
    )
    assert shown == drawn > visible, "the letters of a timeline are as large as they were drawn"
    assert page.evaluate("document.documentElement.scrollWidth") == 375
    before = box.screenshot()
    box.evaluate("box => { box.style.background = '#fff'; }")
    assert box.screenshot() != before, "the edge was shaded"
    page.close()
