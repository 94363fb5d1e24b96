"""A drawing as the address of an image, which sanitisers of notebooks and pages let through."""

from __future__ import annotations

import base64

__all__ = ["svg_source"]


def svg_source(svg: str) -> str:
    """What stands in the `src` of an <img>; "" without a drawing."""
    return f"data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode()}" if svg else ""
