"""Requesters of tasks: their names, roles and rows in USERS."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import insert, select, update

from pandadb.core.sql.expressions import now
from pandadb.core.sql.transaction import connection_of
from pandadb.core.sql.validation import InvalidValue, check_columns, check_text
from pandadb.core.tasks.user_names import short_name
from pandadb.models import Users

if TYPE_CHECKING:
    from pandadb.core.sql.transaction import Transaction

USER = Users.__table__.c
DISABLED_STATUS = "disabled"
"""Status of a user whose requests are refused."""
PRODUCTION = re.compile(r"/[^/]+/([^/]+)/Role=production")
"""An attribute of a certificate (FQAN) with the production role of a working group."""


@dataclass(frozen=True)
class Requester:
    """The sender of a request.

    Raises:
        InvalidValue: The name is empty, or no text.
    """

    dn: str
    """Distinguished name of the certificate, identity of the token, or the plain name."""
    production_role: bool = False
    """Whether the user may submit in another name, with any type and priority."""
    fqans: tuple[str, ...] = ()
    """Attributes of the certificate, `/vo/group/Role=production` for instance."""

    def __post_init__(self) -> None:
        check_text("the requester's name", self.dn)
        if not self.dn.strip():
            raise InvalidValue("the requester has to have a name")

    @property
    def name(self) -> str:
        """The short name."""
        return short_name(self.dn)

    @property
    def groups(self) -> tuple[str, ...]:
        """The working groups in which the user has the production role."""
        found = filter(None, map(PRODUCTION.search, self.fqans))
        return tuple(one[1] for one in found)

    @property
    def working_group(self) -> str | None:
        """The first of these working groups."""
        return next(iter(self.groups), None)


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
