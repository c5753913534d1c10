"""Requesters of tasks: their names, roles and rows in USERS."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import insert, select, update

from pandadb.core.sql.expressions import now
from pandadb.core.sql.transaction import connection_of
from pandadb.core.sql.validation import check_columns
from pandadb.core.tasks.user_names import short_name
from pandadb.models import Users

if TYPE_CHECKING:
    from pandadb.core.sql.transaction import Transaction

USER = Users.__table__.c
DISABLED_STATUS = "disabled"
"""Status of a user without the right to send requests."""
PRODUCTION = re.compile(r"/[^/]+/([^/]+)/Role=production")
"""An attribute of a certificate (FQAN) with the production role of a working group."""


@dataclass(frozen=True)
class Requester:
    """The sender of a request."""

    dn: str
    """Distinguished name of the certificate, or identity of the token."""
    production_role: bool = False
    """Whether the user may submit in another name, with any type and priority."""
    fqans: tuple[str, ...] = ()
    """Attributes of the certificate, `/vo/group/Role=production` for instance."""

    @property
    def name(self) -> str:
        """The short name."""
        return short_name(self.dn)

    @property
    def working_group(self) -> str | None:
        """The first working group with the production role of the user."""
        found = filter(None, map(PRODUCTION.search, self.fqans))
        return next((one[1] for one in found), None)


def admit(session: Transaction, requester: Requester) -> bool:
    """Return whether a user may send requests; a new one gets a row, a new DN is written.

    Raises:
        InvalidValue: The name or the DN is too long for its column.
    """
    connection = connection_of(session)
    given = {"name": requester.name, "dn": requester.dn}
    check_columns(Users, given)
    known = connection.execute(
        select(USER.id, USER.status, USER.dn).where(USER.name == given["name"]).order_by(USER.id)
    ).first()
    if known is None:
        times = dict.fromkeys(("lastmod", "firstjob", "latestjob", "cachetime"), now())
        connection.execute(insert(Users.__table__).values(**given, **times, ncurrent=0, jobid=1))
        return True
    if known.status == DISABLED_STATUS:
        return False
    if known.dn != requester.dn:
        changed = update(Users.__table__).where(USER.name == given["name"])
        connection.execute(changed.values(dn=requester.dn))
    return True
