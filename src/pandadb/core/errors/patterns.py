"""Regular expressions of rules: texts of the database, which may be malformed."""

from __future__ import annotations

import re
from functools import lru_cache


def fits_beginning(pattern: str, text: str) -> bool:
    """Return whether a text matches at its beginning; a malformed expression matches nothing."""
    compiled = _compiled(pattern)
    return compiled is not None and compiled.match(text) is not None


@lru_cache(1024)
def _compiled(pattern: str) -> re.Pattern[str] | None:
    try:
        return re.compile(pattern, re.DOTALL)
    except (re.error, RecursionError, OverflowError):
        return None
