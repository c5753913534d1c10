"""Every table takes a row and gives it back as it was, with the types that the models promise."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import (
    ARRAY,
    CHAR,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Integer,
    LargeBinary,
    Numeric,
    SmallInteger,
    String,
    inspect,
    select,
)
from sqlalchemy.dialects.postgresql import JSON, OID
from sqlalchemy.orm import Mapper, Session, configure_mappers

from pandadb import models
from pandadb.models import Base
from pandadb.models.base import MIRRORED_SCHEMAS, PANDADB
from pandadb.models.types import JSONText

configure_mappers()
MAPPERS = sorted(Base.registry.mappers, key=lambda mapper: mapper.local_table.fullname)

ALLOWED = {
    "panda_site.is_local": "N",
    "panda_ddm_relation.is_local": "N",
    "ddm_endpoint.blacklisted": "N",
    "harvester_commands.ack_requested": 1,
    "error_descriptions.code": 7,
    "tablepart4copying.copied_to_arch": "MUST NOT",
    "archive_proof.how": "swap",
    "archive_pause.id": 1,
    "site_change.kind": "changed",
    "job_control.kind": "handler",
    "job_dependency.on_failure": "ignore",
    "gateway_run.status": "Processing",
}
"""Values that checks or partitions ask for."""


def value(column: Column[Any]) -> Any:
    """Return a telling value of a column: as long, as large, as precise as it can be."""
    if (allowed := ALLOWED.get(f"{column.table.name}.{column.name}")) is not None:
        return allowed
    match column.type:
        case JSONText() | JSON():
            return {"key": ["a:b", 100, None, "50%"]}
        case ARRAY() as array:
            return ["ü" * array.item_type.length, "b"]
        case LargeBinary():
            return b"\0\xff"
        case Boolean():
            return True
        case SmallInteger():
            return 2**15 - 1
        case BigInteger():
            return 2**63 - 1
        case OID():
            return 12345
        case Integer():
            return 2**31 - 1
        case Numeric() as number if number.precision:
            return Decimal((0, (9,) * number.precision, -(number.scale or 0)))
        case Numeric():
            return Decimal("0.125")
        case DateTime() as time:
            whole = getattr(time, "precision", None) == 0
            return dt.datetime(2026, 3, 29, 2, 30, 59, 0 if whole else 123456)
        case CHAR() as text:
            return "x" * (text.length or 1)
        case String() as text:
            return "ü" * (text.length or 5000)
    raise AssertionError(f"no value for {column!r}")


def row(mapper: Mapper[Any]) -> dict[str, Any]:
    return {
        attribute.key: value(attribute.columns[0])
        for attribute in mapper.column_attrs
        if attribute.columns[0].identity is None
    }


@pytest.mark.parametrize("schema", [*MIRRORED_SCHEMAS, PANDADB])
def test_a_row_goes_in_and_comes_back_with_its_types(
    schema: str, session: Session, subtests: pytest.Subtests
) -> None:
    for mapper in MAPPERS:
        if mapper.local_table.schema == schema:
            with subtests.test(mapper.local_table.fullname):
                comes_back(mapper, session)
            session.rollback()


def comes_back(mapper: Mapper[Any], session: Session) -> None:
    wanted = row(mapper)
    if mapper.class_ is models.AsyncResults:
        session.add(models.AsyncRequests(**row(inspect(models.AsyncRequests))))
        session.flush()
    made = mapper.class_(**wanted)
    session.add(made)
    session.flush()
    session.refresh(made)

    wanted.pop("realmodificationtime", None)  # a trigger sets it
    for key, expected in wanted.items():
        got = getattr(made, key)
        assert got == expected, key
        assert type(got) is type(expected), key


def test_there_are_131_tables_in_five_schemas_and_those_of_our_own() -> None:
    assert len(MAPPERS) == len(Base.metadata.tables) == 158
    assert {table.schema for table in Base.metadata.tables.values()} == {*MIRRORED_SCHEMAS, PANDADB}


def test_every_table_and_nearly_every_column_is_explained() -> None:
    tables = Base.metadata.tables.values()
    columns = [column for table in tables for column in table.columns]

    assert [table.fullname for table in tables if not table.comment] == []
    assert [table.fullname for table in tables if "TODO" in str(table.comment)] == []
    explained = sum(bool(column.comment) for column in columns)
    assert explained / len(columns) > 0.85


def test_an_attribute_is_named_as_its_column() -> None:
    for mapper in MAPPERS:
        for attribute in mapper.column_attrs:
            name = attribute.columns[0].name.replace("$", "")
            assert attribute.key.rstrip("_") == name.rstrip("_")


def test_defaults_of_the_database_are_utc_whatever_the_session_says(session: Session) -> None:
    session.connection().exec_driver_sql("SET LOCAL timezone = 'Asia/Tokyo'")
    session.connection().exec_driver_sql(
        "INSERT INTO doma_pandameta.sitedata (site, flag, hours) VALUES ('a', 'b', 1)"
    )

    lastmod = session.scalars(select(models.SiteData.lastmod)).one()

    now = dt.datetime.now(dt.UTC).replace(tzinfo=None)
    assert lastmod is not None
    assert abs(now - lastmod) < dt.timedelta(minutes=1)


def test_every_column_is_explained_and_amounts_have_a_unit_or_say_that_it_is_not_known() -> None:
    unit = re.compile(
        r"\b([kMGT]?B|bytes?|seconds?|hours?|days?|minutes?|units?|diskiounit|number)\b",
        re.IGNORECASE,
    )
    for table in Base.metadata.tables.values():
        for column in table.columns:
            assert column.comment, column
            amount = re.search(r"mem|space|leak|waittime|limit", column.name)
            if amount and isinstance(column.type, Integer):
                assert unit.search(column.comment), f"{column}: {column.comment}"
