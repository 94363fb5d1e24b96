"""A drawing as an image, which sanitisers of notebooks and pages let through."""

from __future__ import annotations

import base64
from html import escape

__all__ = ["picture_html", "svg_source"]

PHONE = 343  # CSS pixels: what a page leaves to a picture on a phone of 375
READABLE = 9  # CSS pixels: the height of letters


def picture_html(svg: str, alt: str, width: float, letters: float) -> str:
    """An image that shrinks with its page, or one in a box that scrolls, if its words could not be read on a phone.

    `width` of the picture and height of its smallest `letters` are in CSS pixels. "" without a drawing.
    """
    if not svg:
        return ""
    fits = width * READABLE <= PHONE * letters
    style = "max-width: 100%; height: auto" if fits else "max-width: none"
    image = f'<img alt="{escape(alt)}" style="{style}" src="{svg_source(svg)}">'
    if fits:
        return image
    # Exported pages shade the edge behind which there is more (.scroll in page.css).
    box = 'class="scroll" style="overflow-x: auto" tabindex="0" role="group" aria-label="picture"'
    return f"<div {box}>{image}</div>"


def svg_source(svg: str) -> str:
    """What stands in the `src` of an <img>; "" without a drawing."""
    return f"data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode()}" if svg else ""
