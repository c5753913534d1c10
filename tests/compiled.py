"""Statements that are compiled once for all databases of a run, as they are once for a server.

SQLAlchemy keeps what it has compiled for an engine. Each test has an engine of its own, and would
spend half of its processor time on compiling the same statements again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy.dialects import registry
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.util import LRUCache
from typing_extensions import override

if TYPE_CHECKING:
    from sqlalchemy import Engine

CACHE: LRUCache[Any, Any] = LRUCache(2000)


class SharingDialect(PGDialect_psycopg):
    """SQLAlchemy's dialect of psycopg; two that know the same of their servers are equal."""

    supports_statement_cache = True

    @classmethod
    @override
    def engine_created(cls, engine: Engine) -> None:
        engine.update_execution_options(compiled_cache=CACHE)

    def _known(self) -> tuple[Any, ...] | None:
        """Return what statements depend on; None before the first connection."""
        version = getattr(self, "server_version_info", None)
        return version and (version, self.default_schema_name, self.paramstyle, *self._sizes())

    def _sizes(self) -> tuple[int, ...]:
        return (self.max_identifier_length, self.insertmanyvalues_page_size)

    @override
    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if type(self) is not type(other):
            return False
        known = self._known()
        return known is not None and known == other._known()

    @override
    def __hash__(self) -> int:
        return hash(type(self))


def share_compiled() -> None:
    """Let engines that are made from now on have the dialect that shares."""
    registry.register("postgresql.psycopg", __name__, SharingDialect.__name__)
