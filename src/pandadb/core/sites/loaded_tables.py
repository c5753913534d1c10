"""The tables that loads keep in step with dumps: their keys, their columns, their wanted rows.

The order is that of the locks, and of the writes.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pandadb.models import (
    DdmEndpoint,
    PandaDdmRelation,
    PandaSite,
    SchedConfig,
    SchedconfigJSON,
    Site,
    SiteStats,
    SWTags,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from sqlalchemy import Column

    from pandadb.models import Base

Key = tuple[Any, ...]
Row = tuple[Any, ...]


@dataclass(frozen=True)
class LoadedTable:
    """A table of the configurator's."""

    model: type[Base]
    key: tuple[str, ...]
    values: tuple[str, ...]
    """Columns that a load writes, beside the key."""
    stamp: str | None = None
    """The column with the time of the last load that had the row."""
    json_text: str | None = None
    """The column that is compared as text, and shown key by key."""
    is_unique: bool = True
    """Whether the key is unique in the database: SW_TAGS has none."""

    @property
    def name(self) -> str:
        """The name of the table."""
        return str(self.model.__tablename__)

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """The columns of a row, those of the key first."""
        return self.key + self.values

    def column(self, name: str) -> Column[Any]:
        """Return a column."""
        return self.model.__table__.columns[name]

    def key_of(self, row: Row) -> Key:
        """Return the key of a row."""
        return row[: len(self.key)]


def _values(model: type[Base], key: tuple[str, ...], *without: str) -> tuple[str, ...]:
    names = model.__table__.columns.keys()
    return tuple(name for name in names if name not in {*key, *without})


SITES = LoadedTable(Site, ("site_name",), ("role", "tier_level"))
PANDA_SITES = LoadedTable(PandaSite, ("panda_site_name",), ("site_name",))
ENDPOINTS = LoadedTable(
    DdmEndpoint, ("ddm_endpoint_name",), _values(DdmEndpoint, ("ddm_endpoint_name",))
)
RELATIONS = LoadedTable(
    PandaDdmRelation,
    ("panda_site_name", "ddm_endpoint_name", "scope"),
    ("roles", "is_local", "order_read", "order_write", "default_read", "default_write"),
)
QUEUES = LoadedTable(
    SchedconfigJSON, ("panda_queue",), ("data",), stamp="last_update", json_text="data"
)
TAGS = LoadedTable(
    SWTags, ("panda_queue",), ("data",), stamp="last_update", json_text="data", is_unique=False
)
SCHEDCONFIG = LoadedTable(
    SchedConfig, ("nickname",), _values(SchedConfig, ("nickname",), "lastmod")
)
STATS = LoadedTable(SiteStats, ("site_name", "key"), ("value",))


@dataclass(frozen=True)
class TableLoad:
    """The wanted rows of a table, and the rule for other rows."""

    table: LoadedTable
    rows: Mapping[Key, Row]
    keeps: Callable[[Key, Any], bool]
    """Whether a row stays that is not among `rows`, by its key and the time in `stamp`."""
    known_by: Collection[Key] | None = None
    """The set that is refused if it has under half of the known rows; None allows any."""
    is_counted: bool = False
    """Whether the set is only counted: its absent rows stay for a while."""
    written_at: str | None = None
    """A column that gets the time of the load when a row is added or changed."""
