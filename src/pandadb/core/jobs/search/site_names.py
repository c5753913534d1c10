"""Names of sites, as jobs have them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select, union

from pandadb.models import JobsActive4, SchedconfigJSON

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Select
    from sqlalchemy.orm import Session


def beginning_with(session: Session, letters: str, limit: int) -> list[str]:
    """Return names that begin with some letters: of PanDA queues, and of sites with active jobs."""
    queues = select(SchedconfigJSON.panda_queue).where(
        SchedconfigJSON.panda_queue.startswith(letters, autoescape=True)
    )
    every = union(queues, _sites_of_jobs(letters)).subquery()
    return [*session.scalars(select(every.c[0]).order_by(every.c[0]).limit(limit))]


def _sites_of_jobs(letters: str) -> Select[tuple[str]]:
    """Select each site once, by a loose index scan: one look into the index for each site."""
    site = JobsActive4.computingsite
    begins = site.startswith(letters, autoescape=True)
    found = select(func.min(site).label("site")).where(begins).cte("sites", recursive=True)

    def following(name: ColumnElement[str]) -> ColumnElement[str]:
        return select(func.min(site)).where(begins, site > name).scalar_subquery()

    found = found.union_all(select(following(found.c.site)).where(found.c.site.is_not(None)))
    return select(found.c.site).where(found.c.site.is_not(None))
