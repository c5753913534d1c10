"""The terminal of a step: a program may ask for a password there."""

from __future__ import annotations

import os
import signal
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

TERMINAL = 0
"""Standard input."""


def has_terminal() -> bool:
    """Report whether this process reads from a terminal, and is in its foreground."""
    with suppress(OSError):
        return os.tcgetpgrp(TERMINAL) == os.getpgrp()
    return False


@contextmanager
def given_terminal(group: int) -> Iterator[None]:
    """Give the terminal to a process group for a while, as a shell does.

    A group in the background is stopped as soon as it reads from the terminal.
    """
    _set_foreground(group)
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGCONT)  # it may have read already
    try:
        yield
    finally:
        _set_foreground(os.getpgrp())


def _set_foreground(group: int) -> None:
    """Make a process group that of the terminal; a group that has ended is passed over."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTTOU})
    try:
        with suppress(OSError):
            os.tcsetpgrp(TERMINAL, group)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
