"""Sites looked up: a list with counts, and one with all that belongs to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import func, or_, select

from pandadb.core.sql.transaction import connection_of
from pandadb.core.sql.validation import check_columns, near, shown
from pandadb.errors import PandaDBError
from pandadb.models import (
    DdmEndpoint,
    PandaDdmRelation,
    PandaSite,
    SchedconfigJSON,
    Site,
    SiteStats,
    SWTags,
)

if TYPE_CHECKING:
    from sqlalchemy import Select

    from pandadb.core.sql.transaction import Transaction

SITE, MEMBER, ENDPOINT = (one.__table__.c for one in (Site, PandaSite, DdmEndpoint))
RELATION, QUEUE, STATS = (one.__table__.c for one in (PandaDdmRelation, SchedconfigJSON, SiteStats))
TAGS = SWTags.__table__.c


class SiteNotFound(PandaDBError):
    """A name that neither SITE nor SCHEDCONFIG_JSON has."""


def find(session: Transaction, *, role: str | None = None) -> list[dict[str, Any]]:
    """Return the sites by name, with the numbers of their PanDA sites and endpoints and the space.

    Raises:
        InvalidValue: `role` does not fit its column.
    """
    conditions = []
    if role is not None:
        check_columns(Site, {"role": role})
        conditions.append(SITE.role == role)
    members = _by_site(MEMBER.site_name, func.count().label("panda_sites"))
    endpoints = _by_site(
        ENDPOINT.site_name,
        func.count().label("endpoints"),
        func.count().filter(ENDPOINT.blacklisted_write == "Y").label("excluded"),
        func.sum(ENDPOINT.space_free).label("space_free"),
    )
    rows = connection_of(session).execute(
        select(
            SITE.site_name,
            SITE.role,
            SITE.tier_level,
            func.coalesce(members.c.panda_sites, 0).label("panda_sites"),
            func.coalesce(endpoints.c.endpoints, 0).label("endpoints"),
            func.coalesce(endpoints.c.excluded, 0).label("excluded"),
            endpoints.c.space_free,
        )
        .outerjoin(members, members.c.site_name == SITE.site_name)
        .outerjoin(endpoints, endpoints.c.site_name == SITE.site_name)
        .where(*conditions)
        .order_by(SITE.site_name)
    )
    return [dict(row) for row in rows.mappings()]


def get(session: Transaction, name: str) -> dict[str, Any]:
    """Return a site or a queue with all that belongs to it.

    The queues are those of the site, or the named one.

    Raises:
        InvalidValue: `name` is no text that fits.
        SiteNotFound: Neither SITE nor SCHEDCONFIG_JSON has it; similar names are in the sentence.
    """
    check_columns(Site, {"site_name": name})
    is_at_site = QUEUE.data["atlas_site"].astext == name
    queues = _rows(session, select(*QUEUE).where(or_(QUEUE.panda_queue == name, is_at_site)))
    sites = _rows(session, select(*SITE).where(SITE.site_name == name))
    if not (sites or queues):
        raise SiteNotFound(f"there is no site or queue {shown(name)}{_near(session, name)}")
    names = [one["panda_queue"] for one in queues]
    own = select(*MEMBER).where(or_(MEMBER.site_name == name, MEMBER.panda_site_name.in_(names)))
    members = _rows(session, own)
    names += [one["panda_site_name"] for one in members]
    return {
        "site": sites[0] if sites else None,
        "panda_sites": members,
        "endpoints": _rows(session, select(*ENDPOINT).where(ENDPOINT.site_name == name)),
        "relations": _rows(session, select(*RELATION).where(RELATION.panda_site_name.in_(names))),
        "queues": queues,
        "tags": _rows(session, select(*TAGS).where(TAGS.panda_queue.in_(names))),
        "stats": _rows(session, select(*STATS).where(STATS.site_name == name)),
    }


def _rows(session: Transaction, query: Select[Any]) -> list[dict[str, Any]]:
    first = query.selected_columns[0]
    rows = connection_of(session).execute(query.order_by(first)).mappings()
    return [dict(row) for row in rows]


def _by_site(site: Any, *counts: Any) -> Any:
    return select(site, *counts).group_by(site).subquery()


def _near(session: Transaction, name: str) -> str:
    known = select(SITE.site_name).union(select(QUEUE.panda_queue))
    return near(name, connection_of(session).scalars(known))
