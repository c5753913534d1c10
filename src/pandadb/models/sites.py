"""The configurator's tables: sites, their queues and storage, and what connects them."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import CHAR, CheckConstraint, Index, Numeric, String, Text
from sqlalchemy.dialects.postgresql import JSON, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from pandadb.models.base import PANDA, Base, related
from pandadb.models.types import BigInt, SmallInt


class Site(Base):
    """TODO doma_panda.site."""

    __tablename__ = "site"

    site_name: Mapped[str] = mapped_column(String(52), primary_key=True)
    role: Mapped[str | None] = mapped_column(String(256))
    tier_level: Mapped[SmallInt | None]
    state: Mapped[str | None] = mapped_column(String(52))

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
    """TODO doma_panda.panda_site."""

    __tablename__ = "panda_site"
    __table_args__ = (
        CheckConstraint("is_local IN ('Y', 'N')", name="panda_site_is_local_check"),
        Index("panda_site_def_endpoint_idx", "default_ddm_endpoint"),
        Index("panda_site_site_name_idx", "site_name"),
        Index("panda_site_storage_name_idx", "storage_site_name"),
    )

    panda_site_name: Mapped[str] = mapped_column(String(52), primary_key=True)
    site_name: Mapped[str] = mapped_column(String(52))
    storage_site_name: Mapped[str | None] = mapped_column(String(52))
    default_ddm_endpoint: Mapped[str | None] = mapped_column(String(52))
    is_local: Mapped[str | None] = mapped_column(CHAR(1))

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
    """TODO doma_panda.ddm_endpoint."""

    __tablename__ = "ddm_endpoint"
    __table_args__ = (
        CheckConstraint("blacklisted IN ('Y', 'N')", name="blacklisted_check"),
        Index("ddm_endpoint_site_name_idx", "site_name"),
    )

    ddm_endpoint_name: Mapped[str] = mapped_column(String(52), primary_key=True)
    site_name: Mapped[str | None] = mapped_column(String(52))
    ddm_spacetoken_name: Mapped[str | None] = mapped_column(String(52))
    space_total: Mapped[BigInt | None]
    space_free: Mapped[BigInt | None]
    space_used: Mapped[BigInt | None]
    is_tape: Mapped[str | None] = mapped_column(String(1))
    type: Mapped[str | None] = mapped_column(String(20))
    blacklisted: Mapped[str | None] = mapped_column(CHAR(1))
    space_expired: Mapped[BigInt | None]
    space_timestamp: Mapped[datetime | None]
    blacklisted_read: Mapped[str | None] = mapped_column(CHAR(1))
    blacklisted_write: Mapped[str | None] = mapped_column(CHAR(1))
    detailed_status: Mapped[Any | None] = mapped_column(JSONB)
    space_min_free: Mapped[BigInt | None]
    space_unavailable: Mapped[BigInt | None]

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
    """TODO doma_panda.panda_ddm_relation."""

    __tablename__ = "panda_ddm_relation"
    __table_args__ = (
        CheckConstraint("is_local IN ('Y', 'N')", name="panda_ddm_rel_is_local_check"),
        Index("pan_ddm_rel_endpoint_rel_idx", "ddm_endpoint_name"),
        Index("pan_ddm_rel_pandasitename_idx", "panda_site_name"),
    )

    panda_site_name: Mapped[str] = mapped_column(String(52), primary_key=True)
    ddm_endpoint_name: Mapped[str] = mapped_column(String(52), primary_key=True)
    is_local: Mapped[str | None] = mapped_column(CHAR(1))
    roles: Mapped[str | None] = mapped_column(String(60))
    order_read: Mapped[int | None]
    order_write: Mapped[int | None]
    default_read: Mapped[str | None] = mapped_column(CHAR(1))
    default_write: Mapped[str | None] = mapped_column(CHAR(1))
    scope: Mapped[str] = mapped_column(String(52), primary_key=True)

    panda_site: Mapped[PandaSite | None] = related(
        "foreign(PandaDdmRelation.panda_site_name) == PandaSite.panda_site_name", "ddm_relations"
    )
    ddm_endpoint: Mapped[DdmEndpoint | None] = related(
        "foreign(PandaDdmRelation.ddm_endpoint_name) == DdmEndpoint.ddm_endpoint_name",
        "panda_relations",
    )


class SiteStats(Base):
    """TODO doma_panda.site_stats."""

    __tablename__ = "site_stats"

    site_name: Mapped[str] = mapped_column(String(52), primary_key=True)
    key: Mapped[str] = mapped_column(String(52), primary_key=True)
    value: Mapped[BigInt | None]
    ts: Mapped[datetime | None]

    site: Mapped[Site | None] = related("foreign(SiteStats.site_name) == Site.site_name", "stats")


class NetworkMatrixKV(Base):
    """TODO doma_panda.network_matrix_kv."""

    __tablename__ = "network_matrix_kv"

    src: Mapped[str] = mapped_column(String(256), primary_key=True)
    dst: Mapped[str] = mapped_column(String(256), primary_key=True)
    key: Mapped[str] = mapped_column(String(256), primary_key=True)
    value: Mapped[Decimal | None] = mapped_column(Numeric)
    ts: Mapped[datetime | None]

    source: Mapped[Site | None] = related(
        "foreign(NetworkMatrixKV.src) == Site.site_name", "links_out"
    )
    destination: Mapped[Site | None] = related(
        "foreign(NetworkMatrixKV.dst) == Site.site_name", "links_in"
    )


class NetworkMatrixKVTemp(Base):
    """TODO doma_panda.network_matrix_kv_temp."""

    __tablename__ = "network_matrix_kv_temp"
    __mapper_args__ = {"primary_key": ["src", "dst", "key"]}

    src: Mapped[str] = mapped_column(String(256))
    dst: Mapped[str] = mapped_column(String(256))
    key: Mapped[str] = mapped_column(String(256))
    value: Mapped[Decimal | None] = mapped_column(Numeric)
    ts: Mapped[datetime | None]


class SchedconfigJSON(Base):
    """TODO doma_panda.schedconfig_json."""

    __tablename__ = "schedconfig_json"

    panda_queue: Mapped[str] = mapped_column(String(50), primary_key=True)
    data: Mapped[Any | None] = mapped_column(JSON)
    last_update: Mapped[datetime | None]

    panda_site: Mapped[PandaSite | None] = related(
        "foreign(PandaSite.panda_site_name) == SchedconfigJSON.panda_queue", "schedconfig"
    )


class SWTags(Base):
    """TODO doma_panda.sw_tags."""

    __tablename__ = "sw_tags"
    __mapper_args__ = {"primary_key": ["panda_queue"]}

    panda_queue: Mapped[str | None] = mapped_column(String(50))
    data: Mapped[str | None] = mapped_column(Text)
    last_update: Mapped[datetime | None]


class CarbonRegionEmissions(Base):
    """TODO doma_panda.carbon_region_emissions."""

    __tablename__ = "carbon_region_emissions"

    region: Mapped[str] = mapped_column(String(32), primary_key=True)
    timestamp: Mapped[datetime] = mapped_column(primary_key=True)
    value: Mapped[BigInt | None]
