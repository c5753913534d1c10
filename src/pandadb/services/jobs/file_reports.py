"""Reports of pilots on the files of jobs, as JSON."""

from __future__ import annotations

import json
from typing import Any

from pandadb.core.sql.validation import InvalidValue


def read_report(text: str) -> dict[Any, Any]:
    """Return a report on files, for `finish`, `fail`, `transfer` and `merge`, from a JSON object.

    Its keys are names or types of files, each with an object of columns; or PandaIDs, each with
    such a report.

    Raises:
        InvalidValue: The text is no JSON object.
    """
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidValue(f"the report on files is not JSON: {error}") from None
    if not isinstance(found, dict):
        raise InvalidValue("the report on files has to be a JSON object")
    is_by_job = bool(found) and all(key.isascii() and key.isdigit() for key in found)
    return {int(key): value for key, value in found.items()} if is_by_job else found
