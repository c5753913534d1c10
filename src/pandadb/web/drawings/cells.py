"""Cells of tables as HTML: without a template, since a page has hundreds of them."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from markupsafe import Markup, escape

from pandadb.web.tables import Column, Row


def shown(value: Any) -> str:
    """Return a value as text for people: whole seconds, thousands separated, nothing for NULL."""
    if value is None or isinstance(value, str):
        return value or ""
    if isinstance(value, datetime):
        return value.replace(microsecond=0).isoformat(sep=" ")
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float | Decimal):
        return f"{value:,.2f}"
    if isinstance(value, list | tuple | set | frozenset):
        return ", ".join(map(shown, value))
    return str(value)


def cells(columns: Sequence[Column], row: Row) -> Markup:
    """Return the cells of a row of a table."""
    drawn = [f'<td class="{column.kind}">{_content(column, row)}</td>' for column in columns]
    return Markup("".join(drawn))  # noqa: S704 - every value in it is escaped


def _content(column: Column, row: Row) -> str:
    """Return the content of a cell as HTML."""
    value = row[column.name]
    text = escape(shown(value))
    if value is not None and column.address and (address := column.address(row)):
        return f'<a href="{escape(address)}">{text}</a>'
    if column.kind == "state" and value:
        return f'<span class="state {text}">{text}</span>'
    if column.kind == "time" and value:
        return f'<time datetime="{escape(value.isoformat())}Z">{text}</time>'
    return text
