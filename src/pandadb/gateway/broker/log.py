"""Lines of the log: a sentence for people, and fields for programs."""

from __future__ import annotations

from typing import Any


def fields(event: str, **values: Any) -> dict[str, Any]:
    """Return the argument `extra` of a line: the kind of event, and values without None."""
    given = {name: value for name, value in values.items() if value is not None}
    return {"fields": {"event": event, **given}}
