"""The configurator's tables: sites, their queues and storage, and their connections."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import CHAR, CheckConstraint, Identity, Index, Numeric, String, Text, text
from sqlalchemy.dialects.postgresql import JSON, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from pandadb.models.base import PANDA, PANDADB, Base, related
from pandadb.models.types import BigInt, SmallInt


class Site(Base):
    """Sites of the grid, from CRIC, which own queues and storage endpoints."""

    __tablename__ = "site"

    site_name: Mapped[str] = mapped_column(
        String(52), primary_key=True, comment="Name of the site, the key"
    )
    role: Mapped[str | None] = mapped_column(
        String(256), comment="Role in the JEDI world cloud, such as nucleus or satellite"
    )
    tier_level: Mapped[SmallInt | None] = mapped_column(comment="WLCG tier of the site, 0 to 3")
    state: Mapped[str | None] = mapped_column(
        String(52), comment="State of the site; not filled by the Configurator"
    )

    panda_sites: Mapped[list[PandaSite]] = related(
        "foreign(PandaSite.site_name) == Site.site_name", "site"
    )
    stored_panda_sites: Mapped[list[PandaSite]] = related(
        "foreign(PandaSite.storage_site_name) == Site.site_name", "storage_site"
    )
    ddm_endpoints: Mapped[list[DdmEndpoint]] = related(
        "foreign(DdmEndpoint.site_name) == Site.site_name", "site"
    )
    stats: Mapped[list[SiteStats]] = related(
        "foreign(SiteStats.site_name) == Site.site_name", "site"
    )
    links_out: Mapped[list[NetworkMatrixKV]] = related(
        "foreign(NetworkMatrixKV.src) == Site.site_name", "source"
    )
    links_in: Mapped[list[NetworkMatrixKV]] = related(
        "foreign(NetworkMatrixKV.dst) == Site.site_name", "destination"
    )


class PandaSite(Base):
    """PanDA sites, the CRIC resources that group compute queues at a site."""

    __tablename__ = "panda_site"
    __table_args__ = (
        CheckConstraint("is_local IN ('Y', 'N')", name="panda_site_is_local_check"),
        Index("panda_site_def_endpoint_idx", "default_ddm_endpoint"),
        Index("panda_site_site_name_idx", "site_name"),
        Index("panda_site_storage_name_idx", "storage_site_name"),
    )

    panda_site_name: Mapped[str] = mapped_column(
        String(52), primary_key=True, comment="Name of the PanDA site, the key"
    )
    site_name: Mapped[str] = mapped_column(String(52), comment="Site it belongs to, SITE")
    storage_site_name: Mapped[str | None] = mapped_column(
        String(52), comment="Site whose storage it uses, SITE; not filled by the Configurator"
    )
    default_ddm_endpoint: Mapped[str | None] = mapped_column(
        String(52), comment="Default storage endpoint, DDM_ENDPOINT; not filled by the Configurator"
    )
    is_local: Mapped[str | None] = mapped_column(
        CHAR(1),
        comment="Y if the storage is at the same site, N if not; not filled by the Configurator",
    )

    site: Mapped[Site | None] = related(
        "foreign(PandaSite.site_name) == Site.site_name", "panda_sites"
    )
    storage_site: Mapped[Site | None] = related(
        "foreign(PandaSite.storage_site_name) == Site.site_name", "stored_panda_sites"
    )
    default_endpoint: Mapped[DdmEndpoint | None] = related(
        "foreign(PandaSite.default_ddm_endpoint) == DdmEndpoint.ddm_endpoint_name", "default_of"
    )
    ddm_relations: Mapped[list[PandaDdmRelation]] = related(
        "foreign(PandaDdmRelation.panda_site_name) == PandaSite.panda_site_name", "panda_site"
    )
    schedconfig: Mapped[SchedconfigJSON | None] = related(
        "foreign(PandaSite.panda_site_name) == SchedconfigJSON.panda_queue", "panda_site"
    )
    ddm_endpoints: Mapped[list[DdmEndpoint]] = related(
        "PandaSite.panda_site_name == foreign(PandaDdmRelation.panda_site_name)",
        "panda_sites",
        secondary=f"{PANDA}.panda_ddm_relation",
        secondaryjoin=(
            "foreign(PandaDdmRelation.ddm_endpoint_name) == DdmEndpoint.ddm_endpoint_name"
        ),
    )


class DdmEndpoint(Base):
    """Storage endpoints (Rucio RSEs) with their space and exclusions."""

    __tablename__ = "ddm_endpoint"
    __table_args__ = (
        CheckConstraint("blacklisted IN ('Y', 'N')", name="blacklisted_check"),
        Index("ddm_endpoint_site_name_idx", "site_name"),
    )

    ddm_endpoint_name: Mapped[str] = mapped_column(
        String(52), primary_key=True, comment="Name of the endpoint, the RSE in Rucio, the key"
    )
    site_name: Mapped[str | None] = mapped_column(
        String(52), comment="Site that runs the endpoint, SITE"
    )
    ddm_spacetoken_name: Mapped[str | None] = mapped_column(
        String(52), comment="Space token, such as ATLASDATADISK"
    )
    space_total: Mapped[BigInt | None] = mapped_column(
        comment="Total space in GB, computed as used plus free"
    )
    space_free: Mapped[BigInt | None] = mapped_column(comment="Free space in GB")
    space_used: Mapped[BigInt | None] = mapped_column(comment="Used space in GB")
    is_tape: Mapped[str | None] = mapped_column(String(1), comment="Y for tape, N for disk")
    type: Mapped[str | None] = mapped_column(
        String(20), comment="Kind of endpoint in CRIC, such as DATADISK or SCRATCHDISK"
    )
    blacklisted: Mapped[str | None] = mapped_column(
        CHAR(1), comment="Y if excluded from writing, N if not; the older form of blacklisted_write"
    )
    space_expired: Mapped[BigInt | None] = mapped_column(
        comment="Space in GB held by expired replicas, which may be deleted"
    )
    space_timestamp: Mapped[datetime | None] = mapped_column(
        comment="Time the space was measured, according to Rucio"
    )
    blacklisted_read: Mapped[str | None] = mapped_column(
        CHAR(1), comment="Y if excluded from reading, N if not"
    )
    blacklisted_write: Mapped[str | None] = mapped_column(
        CHAR(1), comment="Y if excluded from writing, N if not"
    )
    detailed_status: Mapped[Any | None] = mapped_column(
        JSONB, comment="JSON object with the status of each activity, such as write_wan: OFF"
    )
    space_min_free: Mapped[BigInt | None] = mapped_column(
        comment="Free space in GB that has to be kept, 0 if unknown"
    )
    space_unavailable: Mapped[BigInt | None] = mapped_column(
        comment="Space in GB that cannot be used, 0 if unknown"
    )

    default_of: Mapped[list[PandaSite]] = related(
        "foreign(PandaSite.default_ddm_endpoint) == DdmEndpoint.ddm_endpoint_name",
        "default_endpoint",
    )
    site: Mapped[Site | None] = related(
        "foreign(DdmEndpoint.site_name) == Site.site_name", "ddm_endpoints"
    )
    panda_relations: Mapped[list[PandaDdmRelation]] = related(
        "foreign(PandaDdmRelation.ddm_endpoint_name) == DdmEndpoint.ddm_endpoint_name",
        "ddm_endpoint",
    )
    panda_sites: Mapped[list[PandaSite]] = related(
        "DdmEndpoint.ddm_endpoint_name == foreign(PandaDdmRelation.ddm_endpoint_name)",
        "ddm_endpoints",
        secondary=f"{PANDA}.panda_ddm_relation",
        secondaryjoin=("foreign(PandaDdmRelation.panda_site_name) == PandaSite.panda_site_name"),
    )


class PandaDdmRelation(Base):
    """Storage endpoints each queue reads from and writes to.

    Per scope; rewritten by the Configurator.
    """

    __tablename__ = "panda_ddm_relation"
    __table_args__ = (
        CheckConstraint("is_local IN ('Y', 'N')", name="panda_ddm_rel_is_local_check"),
        Index("pan_ddm_rel_endpoint_rel_idx", "ddm_endpoint_name"),
        Index("pan_ddm_rel_pandasitename_idx", "panda_site_name"),
    )

    panda_site_name: Mapped[str] = mapped_column(
        String(52), primary_key=True, comment="Compute queue, PANDA_SITE"
    )
    ddm_endpoint_name: Mapped[str] = mapped_column(
        String(52), primary_key=True, comment="Storage endpoint, DDM_ENDPOINT"
    )
    is_local: Mapped[str | None] = mapped_column(
        CHAR(1), comment="Y if the endpoint is at the site of the queue, N if remote"
    )
    roles: Mapped[str | None] = mapped_column(
        String(60), comment="Comma separated roles of the endpoint, read_lan and write_lan"
    )
    order_read: Mapped[int | None] = mapped_column(
        comment="Rank for reading within queue and scope, 1 is preferred"
    )
    order_write: Mapped[int | None] = mapped_column(
        comment="Rank for writing within queue and scope, 1 is preferred"
    )
    default_read: Mapped[str | None] = mapped_column(
        CHAR(1), comment="Y if it is the first choice for reading"
    )
    default_write: Mapped[str | None] = mapped_column(
        CHAR(1), comment="Y if it is the first choice for writing"
    )
    scope: Mapped[str] = mapped_column(
        String(52),
        primary_key=True,
        comment="Kind of jobs the relation is for: default, or a suffix such as analysis",
    )

    panda_site: Mapped[PandaSite | None] = related(
        "foreign(PandaDdmRelation.panda_site_name) == PandaSite.panda_site_name", "ddm_relations"
    )
    ddm_endpoint: Mapped[DdmEndpoint | None] = related(
        "foreign(PandaDdmRelation.ddm_endpoint_name) == DdmEndpoint.ddm_endpoint_name",
        "panda_relations",
    )


class SiteStats(Base):
    """Figures of a site as key and value; the server itself writes none."""

    __tablename__ = "site_stats"

    site_name: Mapped[str] = mapped_column(String(52), primary_key=True, comment="Site, SITE")
    key: Mapped[str] = mapped_column(String(52), primary_key=True, comment="Name of the figure")
    value: Mapped[BigInt | None] = mapped_column(
        comment="Value of the figure, unit depends on the key"
    )
    ts: Mapped[datetime | None] = mapped_column(comment="Time the figure was taken")

    site: Mapped[Site | None] = related("foreign(SiteStats.site_name) == Site.site_name", "stats")


class NetworkMatrixKV(Base):
    """Connectivity between pairs of sites as key and value; pairs unseen for 7 days are removed."""

    __tablename__ = "network_matrix_kv"

    src: Mapped[str] = mapped_column(String(256), primary_key=True, comment="Source site")
    dst: Mapped[str] = mapped_column(String(256), primary_key=True, comment="Destination site")
    key: Mapped[str] = mapped_column(
        String(256),
        primary_key=True,
        comment=(
            "Quantity, such as AGIS_closeness, <activity>_queued, <activity>_done_1h or "
            "<system>_mbps_1d"
        ),
    )
    value: Mapped[Decimal | None] = mapped_column(
        Numeric,
        comment=(
            "Value of the quantity: files, megabits per second or closeness, depending on the key"
        ),
    )
    ts: Mapped[datetime | None] = mapped_column(comment="Time the value was measured")

    source: Mapped[Site | None] = related(
        "foreign(NetworkMatrixKV.src) == Site.site_name", "links_out"
    )
    destination: Mapped[Site | None] = related(
        "foreign(NetworkMatrixKV.dst) == Site.site_name", "links_in"
    )


class NetworkMatrixKVTemp(Base):
    """Staging table for loading NETWORK_MATRIX_KV, empty between loads."""

    __tablename__ = "network_matrix_kv_temp"
    __mapper_args__ = {"primary_key": ["src", "dst", "key"]}

    src: Mapped[str] = mapped_column(String(256), comment="Source site")
    dst: Mapped[str] = mapped_column(String(256), comment="Destination site")
    key: Mapped[str] = mapped_column(
        String(256),
        comment=(
            "Quantity, such as AGIS_closeness, <activity>_queued, <activity>_done_1h or "
            "<system>_mbps_1d"
        ),
    )
    value: Mapped[Decimal | None] = mapped_column(
        Numeric,
        comment=(
            "Value of the quantity: files, megabits per second or closeness, depending on the key"
        ),
    )
    ts: Mapped[datetime | None] = mapped_column(comment="Time the value was measured")


class SchedconfigJSON(Base):
    """Configuration of each PanDA queue as JSON, from CRIC."""

    __tablename__ = "schedconfig_json"

    panda_queue: Mapped[str] = mapped_column(
        String(50), primary_key=True, comment="Name of the PanDA queue, the key"
    )
    data: Mapped[Any | None] = mapped_column(
        JSON, comment="Whole configuration of the queue as a JSON object"
    )
    last_update: Mapped[datetime | None] = mapped_column(
        comment="Time of the last load; queues not loaded for 7 days are removed"
    )

    panda_site: Mapped[PandaSite | None] = related(
        "foreign(PandaSite.panda_site_name) == SchedconfigJSON.panda_queue", "schedconfig"
    )


class SWTags(Base):
    """Software and architecture tags of each queue, from CRIC; rewritten at every load."""

    __tablename__ = "sw_tags"
    __mapper_args__ = {"primary_key": ["panda_queue"]}

    panda_queue: Mapped[str | None] = mapped_column(
        String(50), comment="Name of the PanDA queue, SCHEDCONFIG_JSON"
    )
    data: Mapped[str | None] = mapped_column(Text, comment="Tags of the queue as JSON text")
    last_update: Mapped[datetime | None] = mapped_column(comment="Time the tags were loaded")


class CarbonRegionEmissions(Base):
    """Carbon intensity of electricity by region and time, to estimate the CO2 of jobs."""

    __tablename__ = "carbon_region_emissions"

    region: Mapped[str] = mapped_column(
        String(32),
        primary_key=True,
        comment="Electricity region, the region of a queue; GRID is the average of all",
    )
    timestamp: Mapped[datetime] = mapped_column(
        primary_key=True, comment="Time the value holds for"
    )
    value: Mapped[BigInt | None] = mapped_column(comment="Carbon intensity in grams CO2 per kWh")


class SiteChange(Base):
    """Rows of the configurator's tables that loads have added, changed or removed."""

    __tablename__ = "site_change"
    __table_args__ = (
        CheckConstraint("kind IN ('added', 'changed', 'removed')", name="site_change_kind_check"),
        Index("site_change_time_idx", "changed_at"),
        Index("site_change_row_idx", "row_key", "changed_at"),
        {"schema": PANDADB},
    )

    change_id: Mapped[BigInt] = mapped_column(
        Identity(always=True), primary_key=True, comment="Number of the change, the key"
    )
    changed_at: Mapped[datetime] = mapped_column(comment="When the load began")
    kind: Mapped[str] = mapped_column(String(10), comment="added, changed or removed")
    table_name: Mapped[str] = mapped_column(String(63), comment="Table whose row was changed")
    row_key: Mapped[str] = mapped_column(
        String(400), comment="Primary key of the row, its columns separated by a blank"
    )
    row_before: Mapped[Any | None] = mapped_column(
        JSONB,
        comment="The row before, of a changed row the columns that differ; NULL if added",
    )
    row_after: Mapped[Any | None] = mapped_column(
        JSONB,
        comment="The row after, of a changed row the columns that differ; NULL if removed",
    )
    changed_by: Mapped[str] = mapped_column(
        String(63),
        server_default=text("SESSION_USER"),
        comment="Role that has logged in for the load",
    )
