"""Rows of SITE, PANDA_SITE and DDM_ENDPOINT, from dumps of CRIC and Rucio (semantics 8)."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import isfinite
from typing import TYPE_CHECKING, Any

from pandadb.core.sites.dumps.dump_kinds import DumpKind
from pandadb.core.sites.dumps.shapes import RseUsage, shaped
from pandadb.core.sites.loaded_tables import ENDPOINTS, PANDA_SITES, SITES, TableLoad
from pandadb.core.sites.rows.measure_times import read_time
from pandadb.core.sites.rows.relation_rows import relation_load
from pandadb.core.sql.validation import InvalidValue

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from datetime import datetime

    from pandadb.core.sites.dumps.dump_kinds import Dumps
    from pandadb.core.sites.dumps.shapes import (
        CricEndpoint,
        CricQueue,
        CricSite,
        Exclusion,
        SpaceUsage,
    )
    from pandadb.core.sites.loaded_tables import Key, Row

ACTIVE = "ACTIVE"
NUCLEUS_POLICY = "Nucleus"
GB = 1024**3
UPDATED_AT = "%Y-%m-%d %H:%M:%S"
NEEDED = (DumpKind.SITES, DumpKind.DDM_ENDPOINTS, DumpKind.PANDA_QUEUES)
"""Dumps that a load of sites needs."""
WRITE_WAN, OFF = "write_wan", "OFF"


@dataclass(frozen=True)
class SiteDumps:
    """The dumps that sites come from, with their shapes validated.

    Raises:
        InvalidValue: One has another shape.
    """

    sites: Mapping[str, CricSite]
    endpoints: Mapping[str, CricEndpoint]
    """Those that are ACTIVE."""
    queues: Mapping[str, CricQueue]
    blacklist_write: Collection[str]
    blacklist_read: Collection[str]
    exclusions: Mapping[str, Mapping[str, Exclusion]]
    usage: Mapping[str, RseUsage]
    skipped: dict[str, str] = field(default_factory=dict)
    """Endpoints that are left as they are, and why."""

    @classmethod
    def of(cls, dumps: Dumps) -> SiteDumps:
        """Return the dumps that sites come from.

        CRIC's list of endpoints that are excluded from writing has those with write_wan OFF: a
        list that is not given is made in the same way.
        """
        exclusions = shaped(dumps, DumpKind.BLACKLIST_FULL)
        written = shaped(dumps, DumpKind.BLACKLIST_WRITE)
        if DumpKind.BLACKLIST_WRITE not in dumps:
            written = [name for name, by in exclusions.items() if _is_off(by.get(WRITE_WAN))]
        endpoints = shaped(dumps, DumpKind.DDM_ENDPOINTS)
        return cls(
            shaped(dumps, DumpKind.SITES),
            {name: one for name, one in endpoints.items() if one.state == ACTIVE},
            shaped(dumps, DumpKind.PANDA_QUEUES),
            {*written},
            {*shaped(dumps, DumpKind.BLACKLIST_READ)},
            exclusions,
            shaped(dumps, DumpKind.RSE_USAGE),
        )


def site_loads(dumps: SiteDumps) -> list[TableLoad]:
    """Return the wanted rows of SITE, PANDA_SITE, DDM_ENDPOINT and PANDA_DDM_RELATION."""
    resources = {(queue.panda_resource,) for queue in dumps.queues.values()}
    active = {(name,) for name in dumps.endpoints}
    sites = {(name,): row for name, row in _sites(dumps)}
    members = {key: row for key, row in _panda_sites(dumps) if key in resources}
    return [
        TableLoad(SITES, sites, lambda _key, _stamp: False, sites.keys()),
        TableLoad(PANDA_SITES, members, lambda key, _stamp: key in resources, resources),
        TableLoad(ENDPOINTS, dict(_endpoints(dumps)), lambda key, _stamp: key in active, active),
        relation_load(dumps.queues, dumps.endpoints),
    ]


def _sites(dumps: SiteDumps) -> Iterator[tuple[str, Row]]:
    for name, site in dumps.sites.items():
        if site.state == ACTIVE:
            role = "nucleus" if NUCLEUS_POLICY in site.datapolicies else "satellite"
            yield name, (name, role, site.tier_level)


def _panda_sites(dumps: SiteDumps) -> Iterator[tuple[Key, Row]]:
    """Yield the PanDA sites that are ACTIVE, those of sites that are not ACTIVE, too."""
    for name, site in dumps.sites.items():
        for members in site.presources.values():
            for member, one in members.items():
                if one.state == ACTIVE:
                    yield (member,), (member, name)


def _endpoints(dumps: SiteDumps) -> Iterator[tuple[Key, Row]]:
    for site_name, site in dumps.sites.items():
        for name, member in site.ddmendpoints.items():
            endpoint = dumps.endpoints.get(name)
            if endpoint is None or member.state != ACTIVE:
                continue
            statuses = {
                activity: one.status and one.status.value
                for activity, one in dumps.exclusions.get(name, {}).items()
            }
            if any(one.status is None for one in dumps.exclusions.get(name, {}).values()):
                dumps.skipped[name] = "an activity in its exclusions has no status"
                continue
            values = _columns(dumps, name, site_name, endpoint) | {"detailed_status": statuses}
            yield (name,), tuple(values[column] for column in ENDPOINTS.columns)


def _columns(dumps: SiteDumps, name: str, site: str, endpoint: CricEndpoint) -> dict[str, Any]:
    excluded = _letter(name in dumps.blacklist_write)
    return {
        "ddm_endpoint_name": name,
        "site_name": site,
        "ddm_spacetoken_name": endpoint.token,
        "type": endpoint.type,
        "is_tape": _letter(bool(endpoint.is_tape)),
        "blacklisted": excluded,
        "blacklisted_write": excluded,
        "blacklisted_read": _letter(name in dumps.blacklist_read),
        **_space(name, dumps.usage.get(name)),
    }


def _space(name: str, usage: RseUsage | None) -> dict[str, Any]:
    """Return the columns of space, in GB; those of storage are NULL unless all of it is known."""
    usage = usage or RseUsage()
    used, free, timestamp = _storage(usage.storage)
    is_known = used is not None and free is not None and timestamp is not None
    total = used + free if used is not None and free is not None else None
    parts = {"space_used": used, "space_free": free, "space_total": total}
    return {
        **{column: _rounded(name, value if is_known else None) for column, value in parts.items()},
        "space_timestamp": timestamp if is_known else None,
        "space_expired": _rounded(name, _used(usage.expired)),
        "space_min_free": _rounded(name, _used(usage.min_free_space)),
        "space_unavailable": _rounded(name, _used(usage.unavailable)),
    }


def _storage(space: SpaceUsage | None) -> tuple[float | None, float | None, datetime | None]:
    if space is None or space.used is None or space.free is None:
        return None, None, None
    return space.used / GB, space.free / GB, read_time(space.updated_at, UPDATED_AT)


def _used(space: SpaceUsage | None) -> float:
    return 0.0 if space is None or space.used is None else space.used / GB


def _rounded(name: str, value: float | None) -> int | None:
    """Return whole GB, as the server's driver has PostgreSQL round a number: half away from 0."""
    if value is None:
        return None
    if not isfinite(value):
        raise InvalidValue(f"rse_usage, {name}: {value} GB is no space")
    whole = int(value)
    return whole + (abs(value - whole) >= 0.5) * (1 if value > 0 else -1)


def _is_off(exclusion: Exclusion | None) -> bool:
    return bool(exclusion and exclusion.status and exclusion.status.value == OFF)


def _letter(yes: bool) -> str:
    return "Y" if yes else "N"
