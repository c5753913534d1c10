"""Times of measurements in dumps, naive UTC."""

from __future__ import annotations

from datetime import datetime
from typing import Any

LENGTH = len("2026-01-01T00:00:00")


def read_time(text: Any, pattern: str) -> datetime | None:
    """Return the time of a text in a pattern of strptime; None if it is none.

    fromisoformat reads the usual form in a tenth of strptime's time.
    """
    try:
        if len(text) == LENGTH and text[10] == pattern[8]:
            return datetime.fromisoformat(text)
        return datetime.strptime(text, pattern)  # noqa: DTZ007 - UTC
    except (ValueError, TypeError):
        return None
