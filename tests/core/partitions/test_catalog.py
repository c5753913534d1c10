"""The partitions that there are, while others change them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

from pandadb.core.partitions import catalog

if TYPE_CHECKING:
    from pandadb.database import Database

TABLE = "doma_panda.jobs_statuslog"


def test_a_partition_that_is_dropped_meanwhile_is_none(database: Database) -> None:
    with database.session() as session:
        made = f"CREATE TABLE doma_panda.gone PARTITION OF {TABLE}"
        session.execute(text(f"{made} FOR VALUES FROM ('2020-01-01') TO ('2020-01-02')"))
    with database.session() as session:
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        before = catalog.partitions(session, [TABLE])[TABLE]
        with database.session() as other:
            other.execute(text("DROP TABLE doma_panda.gone"))
        after = catalog.partitions(session, [TABLE])[TABLE]

    assert [one.name for one in before if one not in after] == ["gone"]
