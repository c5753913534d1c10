"""A value that is kept beside the rows that it is made of, and does not agree with them."""

from __future__ import annotations

from typing import NamedTuple


class WrongValue(NamedTuple):
    """A wrong value, with the right one, or with the reason why there is none to repair it with."""

    table: str
    task: int
    id: int
    """The number of the dataset or job; of the task, where the value is the task's."""
    counter: str
    was: int | str | None
    right: int | str | None
    refused: str | None = None
    """Why it is not repaired; None: it is."""
