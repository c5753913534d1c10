"""Rows that do not fit into memory: kept in a file, and gone through as often as one likes."""

from __future__ import annotations

import pickle
import weakref
from itertools import islice
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Item = TypeVar("Item")


class Spool:
    """Rows in a temporary file, which goes when the object does."""

    def __init__(self) -> None:
        self._file = TemporaryFile()  # noqa: SIM115 - it lives as long as the object
        self._length = self._end = 0
        weakref.finalize(self, self._file.close)

    def add(self, rows: list[dict[str, Any]]) -> None:
        """Put rows behind those that are there."""
        self._file.seek(self._end)
        pickle.dump(rows, self._file, pickle.HIGHEST_PROTOCOL)
        self._end = self._file.tell()
        self._length += len(rows)

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[dict[str, Any]]:
        place = 0
        while place < self._end:
            self._file.seek(place)
            rows = pickle.load(self._file)  # noqa: S301 - we wrote it
            place = self._file.tell()
            yield from rows


def in_batches(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """Return the items in lists of so many, the last one shorter."""
    rest = iter(items)
    while batch := list(islice(rest, size)):
        yield batch
