"""That axe-core finds nothing means something: what is wrong on a page is told, with its place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from browser.chromium import CORNERS, readable, troubles, violations

if TYPE_CHECKING:
    from playwright.sync_api import Browser

PALE = '<p style="color: #ccc; background: #fff">Pale</p>'
PAGE = f'<!doctype html><html lang="en"><title>T</title><main><h1>T</h1><img src="data:,">{PALE}</main>'
WIDE = '<!doctype html><html lang="en"><title>T</title><main><h1 style="width: 1300px">T</h1></main>'


def test_what_is_wrong_is_told_with_its_place(chromium: Browser) -> None:
    with readable(chromium) as page:
        page.set_content(PAGE)
        assert set(violations(page)) == {'image-alt: ["img"]', 'color-contrast: ["p"]'}
        assert violations(page, "color-contrast") == ['color-contrast: ["p"]']
        assert violations(page, within="h1") == []
        page.set_content(WIDE)
        assert set(troubles(page, CORNERS[:1])) == {"1280 light needs"}
