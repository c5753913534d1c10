"""Rows of the logs of states: beside the judge, who has no key for them and compares them whole."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    Row = Mapping[str, Any]
    Steps = Sequence[Mapping[str, Any]]

OTHERWISE = {"tasks_statuslog": "reason", "jobs_statuslog": "modificationhost"}
"""The only column of each log that may have other words than the server's."""


def differences(wanted: Steps, steps: Steps) -> Iterator[str]:
    """Yield the rows of logs that differ in more than that column, after each step."""
    theirs: dict[str, Sequence[Row]] = {}
    ours: dict[str, Sequence[Row]] = {}
    for number, (want, got) in enumerate(zip(wanted, steps, strict=True), start=1):
        theirs |= want["rows"]
        ours |= got["rows"]
        for table, words in OTHERWISE.items():
            before, after = (_counted(rows.get(table, ()), words) for rows in (theirs, ours))
            for sign, more in (("-", before - after), ("+", after - before)):
                yield from (f"{number} {want['op']}: {table} {sign} {row}" for row in more)


def _counted(rows: Sequence[Row], words: str) -> Counter[str]:
    kept = ({name: value for name, value in row.items() if name != words} for row in rows)
    return Counter(json.dumps(row, sort_keys=True) for row in kept)
