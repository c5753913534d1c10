"""Jobs by the names that they have outside."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pandadb.core.control import public_ids as ids
from pandadb.core.sql.validation import check_text, words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pandadb.core.control.public_ids import PublicJob
    from pandadb.database import Database


def find_public(database: Database, public_ids: str | Sequence[str]) -> dict[str, PublicJob]:
    """Return jobs of queues by their public ids, live and archived; unknown ids are left out.

    Raises:
        InvalidValue: An id is no text.
    """
    wanted = words(public_ids)
    for name in wanted:
        check_text("public_id", name)
    with database.transaction() as connection:
        return ids.find_public(connection, wanted)
