"""Python's garbage collector, paused while dumps are read and compared."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def paused_collector() -> Iterator[None]:
    """Pause the collector; it goes on afterwards if it was on.

    A dump is hundreds of thousands of objects that stay until the end, without a cycle among them:
    to look through all of them again and again doubles the time of a load.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
