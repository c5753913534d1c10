"""The bridge from synchronous code to an event loop: SQLAlchemy's greenlets.

A function that `AsyncDatabase.run` calls runs in a greenlet of its own. Where it waits, the
greenlet hands an awaitable to the event loop, and goes on with the result.
"""

from __future__ import annotations

import asyncio
import time

from sqlalchemy.util.concurrency import await_, greenlet_spawn, in_greenlet

__all__ = ["await_", "greenlet_spawn", "in_bridge", "pause"]


def in_bridge() -> bool:
    """Return whether waits go to an event loop.

    They block outside of loops: in a synchronous program, or in a thread beside the loop. In the
    thread of a loop there is no such choice: SQLAlchemy raises `MissingGreenlet` then.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def pause(seconds: float) -> None:
    """Sleep; in the bridge, only the function that calls it does."""
    if in_bridge() and in_greenlet():
        await_(asyncio.sleep(seconds))
    else:
        time.sleep(seconds)
