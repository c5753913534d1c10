"""Lost output files of tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pandadb.core.sql.validation import InvalidValue, check_text
from pandadb.core.tasks import file_losses
from pandadb.services.transaction import DEFAULT_OPTIONS, VerbOptions, transaction

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pandadb.core.tasks.file_losses import TaskFileLoss
    from pandadb.database import Database


def lose(
    database: Database,
    dataset: str,
    lfns: str | Iterable[str],
    *,
    by: str,
    production: bool = False,
    recover_parent: bool = False,
    options: VerbOptions = DEFAULT_OPTIONS,
) -> TaskFileLoss:
    """Note that files of an output dataset are lost, so that the jobs that made them run again.

    `by` is the user; without the role `production` it has to be the task's owner. With
    `recover_parent` the files that these jobs read are lost as well: the answer lists them by
    dataset, for the parent task to make them again.

    Raises:
        InvalidValue: A name is no text.
    """
    names = [lfns] if isinstance(lfns, str) else [*lfns]
    for name, value in (("by", by), ("dataset", dataset)):
        check_text(name, value)
    if not all(isinstance(one, str) for one in names):
        raise InvalidValue("names of lost files have to be texts")
    with transaction(database, options) as connection:
        return file_losses.lose(
            connection,
            dataset,
            names,
            user=by,
            production=production,
            recover_parent=recover_parent,
            host=options.host,
            lock=options.lock,
        )
