"""The HTML of mails: a heading, a table of facts, a link; all values are escaped.

There are no images, scripts or addresses but the link, and styles stand at the elements, since
mail programs drop all else.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Fact = str | int | float | Sequence[str] | None

FONT = "font-family: sans-serif; color: #1a1a1a"
PAGE = """\
<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>{title}</title></head>
<body style="{font}">
<h1 style="font-size: 1.2em">{title}</h1>
{body}
</body>
</html>
"""
NAME = '<th scope="row" style="text-align: left; vertical-align: top; padding: 2px 16px 2px 0">'
VALUE = '<td style="padding: 2px 0">'


def html_page(
    title: str,
    facts: Mapping[str, Fact],
    *,
    lead: str = "",
    link: str | None = None,
    link_text: str = "",
    log: str = "",
) -> str:
    """Return a mail as HTML.

    Args:
        title: The heading.
        facts: Rows of a table; a list has a line for each value, and empty values have no row.
        lead: A paragraph before the table.
        link: The address of a page, http or https; others are left out.
        link_text: The words of the link; without them its address.
        log: Text as a program has printed it, behind the table.
    """
    parts = [f"<p>{_text(lead)}</p>"] if lead else []
    rows = [
        f"<tr>{NAME}{_text(name)}</th>{VALUE}{_value(value)}</td></tr>"
        for name, value in facts.items()
        if value not in (None, "") and value != []
    ]
    if rows:
        parts.append('<table role="presentation">\n' + "\n".join(rows) + "\n</table>")
    if log:
        parts.append(f"<pre>{_text(log)}</pre>")
    if link and urlsplit(link).scheme in ("http", "https"):
        parts.append(f'<p><a href="{_text(link)}">{_text(link_text or link)}</a></p>')
    return PAGE.format(title=_text(title), font=FONT, body="\n".join(parts))


def _value(value: Fact) -> str:
    if isinstance(value, str | int | float) or value is None:
        return _text(str(value))
    return "<br>".join(_text(str(one)) for one in value)


def _text(text: str) -> str:
    """Return text escaped, without the characters that no document can have."""
    shown = "".join(one if one.isprintable() or one in "\n\t" else "\ufffd" for one in text)
    return escape(shown)
