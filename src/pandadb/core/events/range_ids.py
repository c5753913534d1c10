"""Ids of ranges of events, as pilots have them: five numbers with dashes between them."""

from __future__ import annotations

import re
from typing import Any, NamedTuple, Self

from typing_extensions import override

from pandadb.core.sql.validation import InvalidValue, shown

PATTERN = re.compile(r"([0-9]{1,18})-([0-9]{1,18})-([0-9]{1,18})-(-?[0-9]{1,18})-([0-9]{1,4})")
FORM = "jediTaskID-pandaID-fileID-job_processID-attemptNr"


class RangeID(NamedTuple):
    """The id of a range that a job has: its key and its attempt."""

    jeditaskid: int
    pandaid: int
    fileid: int
    job_processid: int
    attemptnr: int

    @override
    def __str__(self) -> str:
        """Return it as pilots have it."""
        return "-".join(map(str, self))

    @classmethod
    def parse(cls, text: Any) -> Self:
        """Return the id that a text stands for.

        Raises:
            InvalidValue: It is no such text.
        """
        found = PATTERN.fullmatch(text) if isinstance(text, str) else None
        if found is None:
            raise InvalidValue(f"the id of a range has to be {FORM}, not {shown(text)}")
        return cls(*map(int, found.groups()))
