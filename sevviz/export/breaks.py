"""Where a line of a page may end: not behind the hyphen of -EBUSY or p->lock; in headings, behind the _ of long names.

Only elements are added, so that copied text stays what it was.
"""

from __future__ import annotations

import re

__all__ = ["with_breaks"]

# What has no text of HTML in it, or text that may hold no elements; and each tag.
MARKUP = re.compile(r"(<svg\b.*?</svg>|<!--.*?-->|<[^>]*>)", re.DOTALL)
UNBROKEN = re.compile(r"(?<![\w-])-E[A-Z]{2,}\b|-&gt;")
LONG_NAME = re.compile(r"\w+_\w{3,}")
HEADING = re.compile(r"</?h[1-6]\b")


def with_breaks(html: str) -> str:
    """HTML whose lines end in better places; angle brackets in its texts and attributes are escaped."""
    parts = MARKUP.split(html)
    heading = False
    for index, part in enumerate(parts):
        if index % 2:
            heading = not part.startswith("</") if HEADING.match(part) else heading
            continue
        text = LONG_NAME.sub(lambda name: name[0].replace("_", "_<wbr>"), part) if heading else part
        parts[index] = UNBROKEN.sub(r'<span class="nobreak">\g<0></span>', text)
    return "".join(parts)
