"""The memory of this process: a sequence that fills it gets an error in time."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

LARGEST = 2 << 30
"""Bytes that this process may have, all its sequences together."""
STATM = Path("/proc/self/statm")
"""Sizes of this process in pages, on Linux; the second one is what lies in memory."""


def check_memory() -> None:
    """See that this process keeps to its memory; elsewhere than on Linux nothing is seen.

    Raises:
        MemoryError: It does not.
    """
    with suppress(OSError, IndexError):
        pages = int(STATM.read_text().split()[1])
        if pages * os.sysconf("SC_PAGE_SIZE") > LARGEST:
            raise MemoryError(f"the sequence has filled the memory: {LARGEST >> 30} GiB")
