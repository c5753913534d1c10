"""What those do all the time who are killed at random: archivers, operators, cron and servers."""

from __future__ import annotations

import os
import random
import time
import traceback
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from pandadb.core.archive.layout import ARCHIVE_OF, LIVE_OF, days
from pandadb.core.partitions import catalog
from pandadb.database.connection import TRANSIENT_ERRORS, Database
from pandadb.errors import PandaDBError
from pandadb.services import archive, partitions
from tests.properties import copied_days

if TYPE_CHECKING:
    from collections.abc import Callable
    from ctypes import Array, c_long
    from datetime import datetime
    from pathlib import Path

    from pandadb.core.archive.layout import Day

HELD = 8
"""A task that is held now and then; few days have jobs of it."""
EACH = 6
"""Jobs of a day that is added."""


class Busy:
    """Somebody at work: by chance, in a folder, with a number that grows with all he does."""

    def __init__(
        self, database: Database, folder: Path, chance: random.Random, tell: Callable[..., None]
    ) -> None:
        self.database, self.folder, self.chance, self.tell = database, folder, chance, tell

    def archive(self) -> None:
        """Archive days, and take some back."""
        self.chance.choice((*[self._run] * 5, self._restore, self._restore_jobs))()
        time.sleep(self.chance.uniform(0, 0.6))  # others want their turn, too

    def compact(self) -> None:
        """Make months of days, and Parquet files of months."""
        act = self.chance.choice((self._compact, self._compact, self._export, self._drop))
        if archived := self._days(LIVE_OF):
            act(self.chance.choice(archived).lower)

    def maintain(self) -> None:
        """Look after the partitions as cron does, and hold or release a task as an operator."""
        done = partitions.maintain(self.database, tables=[*ARCHIVE_OF], drain=True, tell=self.tell)
        assert all(step.do is not partitions.Do.DROP for step in done.done)
        if self.chance.random() < 0.1:
            archive.hold(self.database, [HELD], "for a moment")
        elif self.chance.random() < 0.3:
            archive.release(self.database, [HELD])
        time.sleep(self.chance.uniform(0, 1))  # as others have to make indexes meanwhile

    def write(self) -> None:
        """Change jobs of any age, end new ones, now and then one of long ago, or a day of them."""
        what = self.chance.random()
        with self.database.session() as session:
            now = catalog.now(session)
            if what < 0.85:
                copied_days.change(session, self.chance)
            elif what < 0.985:
                copied_days.add(session, now, 1, 1)
            elif what < 0.995:
                long_ago = now - timedelta(self.chance.randint(31, 200))
                copied_days.add(session, long_ago, 1, 1)
            else:
                first = session.scalar(text("SELECT min(modificationtime) FROM copy.jobsarchived4"))
                day = first.replace(hour=0, minute=0, second=0) - timedelta(1)
                copied_days.add(session, day, EACH, EACH)
        time.sleep(0.05)

    def _run(self) -> None:
        # All of them, too: a month of which a day is restored cannot become one partition.
        restored = [day.lower.date() for day in self._days(ARCHIVE_OF)]
        only = self.chance.choice(([], restored[:1], restored))
        ran = archive.run(self.database, only=only, max_time=1, tell=self.tell)
        assert ran.lost == []

    def _restore(self) -> None:
        if archived := self._days(LIVE_OF):
            day = self.chance.choice(archived).lower.date()
            moved = archive.restore(self.database, day, tell=self.tell)
            if isinstance(moved, archive.RestoreResult):  # by rows
                assert moved.gone.refused == {}
            else:
                assert archive.Verdict.LOST not in moved.verdicts.values()

    def _restore_jobs(self) -> None:
        with self.database.session() as session:
            anyone = text("SELECT pandaid FROM copy.jobsarchived4 ORDER BY random() LIMIT 5")
            jobs = [*session.scalars(anyone)]
        moved = archive.restore_jobs(self.database, pandaids=jobs, tell=self.tell)
        assert moved.gone.refused == {}

    def _compact(self, month: datetime) -> None:
        after = f"{month + timedelta(31):%Y-%m}"
        while archive.compact(self.database, after, tell=self.tell).busy:
            time.sleep(0.01)

    def _export(self, month: datetime) -> None:
        said = f"{month:%Y-%m}"
        archive.export(self.database, said, self.folder, overwrite=True, tell=self.tell)

    def _drop(self, month: datetime) -> None:
        self._export(month)
        end = time.monotonic() + 2  # others change jobs: what was exported is soon out of date
        while time.monotonic() < end:
            with suppress(archive.NotDropped):  # it is not our turn, or a job has changed since
                archive.drop_exported(self.database, f"{month:%Y-%m}", self.folder)
                return
            time.sleep(0.01)

    def _days(self, ways: dict[str, str]) -> list[Day]:
        """Return the days that one may think of: the old ones that tables have."""
        with self.database.session() as session:
            horizon = catalog.now(session) - timedelta(30)
            found = days(catalog.partitions(session, [*ways]), ways)
        return [day for day in found if day.upper < horizon]


ROLES = ("archive", "archive", "compact", "maintain", "write", "write")
"""Who is there, each a process."""


def work(url: str, role: str, *, place: int, seed: int, steps: Array[c_long], folder: Path) -> None:
    """Do what the role does until somebody kills us; count our steps; write down what is odd."""
    chance = random.Random(seed)
    parent = os.getppid()

    def tell(*_: object) -> None:
        steps[place] += 1

    with Database(url, application_name=role) as database:
        busy = Busy(database, folder / "months", chance, tell)
        while os.getppid() == parent:
            try:
                with suppress(PandaDBError):
                    getattr(busy, role)()
            except Exception as error:  # noqa: BLE001 - whatever it is, it is told in the end
                if not _is_of_a_kill(error):
                    odd = folder / "odd" / f"{seed}-{role}.txt"
                    with odd.open("a") as file:
                        file.write(traceback.format_exc())
            tell()


def _is_of_a_kill(error: Exception) -> bool:
    """Tell whether somebody has lost the server, or it him."""
    if not isinstance(error, DBAPIError):
        return False
    state = getattr(error.orig, "sqlstate", None)
    lost = error.connection_invalidated or state is None or state.startswith("08")
    return lost or state in TRANSIENT_ERRORS
