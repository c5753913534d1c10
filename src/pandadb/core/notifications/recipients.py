"""The addresses of users, in USERS of the schema for metadata."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import and_, exists, func, not_, select

from pandadb.core.sql.expressions import constant
from pandadb.models import Users

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy import ColumnElement

    from pandadb.core.sql.transaction import Transaction

USER = Users.__table__.c
IS_UNWANTED: ColumnElement[bool] = func.lower(func.ltrim(USER.email)).like(constant("notsend%"))
"""Match users that want no mail: their address begins so."""
HAS_ADDRESS: ColumnElement[bool] = USER.email.like(constant("%_@_%"))


def wants_mail(username: ColumnElement[str | None]) -> ColumnElement[bool]:
    """Return whether a user has an address, and has not switched mails off in any row."""
    mine = USER.name == username
    reached = exists().where(mine, HAS_ADDRESS, not_(IS_UNWANTED))
    unwanted = exists().where(mine, IS_UNWANTED)
    return and_(reached, not_(unwanted))


def addresses(session: Transaction, usernames: Collection[str]) -> dict[str, str]:
    """Return the addresses of users; one with several rows has that of the first with one."""
    rows = select(USER.name, USER.email).where(
        USER.name.in_([*usernames]), HAS_ADDRESS, not_(IS_UNWANTED)
    )
    found: dict[str, str] = {}
    for name, email in session.execute(rows.order_by(USER.id)):
        found.setdefault(name, email.strip())
    return found
