"""Work under a table's lock at the end of a long transaction, which must not fail for it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from sqlalchemy.exc import DBAPIError

from pandadb.services.archive.swaps import PATIENCE
from pandadb.services.locks import be_patient
from pandadb.services.lockwaits import LockNotAvailable, is_busy, tell_try, watched

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.orm import Session


def within(session: Session, work: Callable[[], None]) -> None:
    """Do work that locks tables; have others wait behind us for a fraction of a second, each try.

    Raises:
        LockNotAvailable: A lock was not free in the end.
    """
    for number, seconds in enumerate(PATIENCE, start=1):
        with watched(session.connection(), seconds) as watch:
            try:
                with session.begin_nested():
                    be_patient(session, seconds)
                    work()
            except DBAPIError as error:
                if not is_busy(error):
                    raise
                tell_try(number, len(PATIENCE), seconds, watch)
                if number == len(PATIENCE):
                    raise LockNotAvailable(watch) from error
            else:
                return
        time.sleep(seconds)
