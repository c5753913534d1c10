"""Limits of the attempts of the input files of jobs: columns of JEDI_DATASET_CONTENTS.

Source: `setNoRetry`, `setMaxAttempt` and `increase_max_failure` of panda-server.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, func, or_, select, update

from pandadb.core.datasets.file_keys import same_dataset, same_file
from pandadb.core.errors.failed_jobs import input_of
from pandadb.core.jobs import lock_order
from pandadb.core.sql.id_arrays import array, is_given, unnested, written
from pandadb.core.sql.transaction import Lock
from pandadb.models import FilesTable4, JediDatasetContents, JediDatasets

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Update

    from pandadb.core.sql.transaction import Transaction

FILE = FilesTable4.__table__.c
CONTENTS, DATASET = JediDatasetContents.__table__.c, JediDatasets.__table__.c


def stop(session: Transaction, pandaids: Sequence[int]) -> None:
    """Leave no attempt to the input files of jobs; files that are ready again have failed by that.

    Files that run are counted as failed when their job's end is.
    """
    given = {"pandaids": written(pandaids)}
    session.execute(lock_order.datasets(Lock.WAIT, live=False), given)
    session.execute(_without_attempts(), given)


def limit(session: Transaction, attempts: Mapping[int, int]) -> None:
    """Limit the attempts of the input files of jobs, by PandaID, where there are more left."""
    session.execute(_limited(), {"pandaids": [*attempts], "attempts": [*attempts.values()]})


def allow_failure(session: Transaction, pandaids: Sequence[int]) -> None:
    """Allow the input files of jobs one failure more: this one does not count."""
    used = input_of(is_given(FILE.pandaid)).distinct().cte("used")
    session.execute(
        update(JediDatasetContents.__table__)
        .where(same_file(CONTENTS, used.c), CONTENTS.pandaid == used.c.pandaid)
        .values(maxfailure=CONTENTS.maxfailure + 1),
        {"pandaids": written(pandaids)},
    )


@cache
def _without_attempts() -> Update:
    """Return the statement: contents, and the counters of datasets with files that were ready."""
    used = input_of(is_given(FILE.pandaid)).with_only_columns(
        FILE.jeditaskid, FILE.datasetid, FILE.fileid
    )
    files = used.distinct().cte("used")
    may_fail = or_(
        CONTENTS.maxfailure.is_(None),
        CONTENTS.failedattempt.is_(None),
        CONTENTS.maxfailure > CONTENTS.failedattempt,
    )
    stopped = (
        update(JediDatasetContents.__table__)
        .where(same_file(CONTENTS, files.c), CONTENTS.maxattempt > CONTENTS.attemptnr, may_fail)
        .where(CONTENTS.keeptrack == 1, CONTENTS.status.in_(("running", "ready")))
        .values(maxattempt=CONTENTS.attemptnr)
        .returning(CONTENTS.jeditaskid, CONTENTS.datasetid, CONTENTS.status)
        .cte("stopped")
    )
    failed = (
        select(stopped.c.jeditaskid, stopped.c.datasetid, func.count().label("files"))
        .where(stopped.c.status == "ready")
        .group_by(stopped.c.jeditaskid, stopped.c.datasetid)
        .cte("failed")
    )
    return (
        update(JediDatasets.__table__)
        .where(same_dataset(DATASET, failed.c))
        .values(
            nfilesused=DATASET.nfilesused + failed.c.files,
            nfilesfailed=DATASET.nfilesfailed + failed.c.files,
        )
    )


@cache
def _limited() -> Update:
    """Return the statement: of a job all files or none, by the one with the fewest attempts."""
    given = unnested("given", pandaid=array("pandaids"), attempts=array("attempts"))
    ids = FILE.pandaid == func.any(array("pandaids"))
    used = input_of(ids).distinct().cte("used")
    owned: Any = JediDatasetContents.__table__.alias("owned")
    fewest = func.min(owned.c.maxattempt).over(partition_by=used.c.pandaid)
    files = (
        select(used, given.c.attempts, fewest.label("fewest"))
        .join_from(used, given, used.c.pandaid == given.c.pandaid)
        .join(owned, and_(same_file(owned.c, used.c), owned.c.pandaid == used.c.pandaid))
        .cte("files")
    )
    return (
        update(JediDatasetContents.__table__)
        .where(same_file(CONTENTS, files.c), CONTENTS.pandaid == files.c.pandaid)
        .where(files.c.fewest > files.c.attempts, files.c.fewest != 0)
        .values(maxattempt=files.c.attempts)
    )
