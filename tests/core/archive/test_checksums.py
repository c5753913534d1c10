"""Fingerprints: equal for equal rows, whatever their order, and other for whatever is other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import insert, text

from pandadb.core.archive.checksums import Fingerprint, fingerprint
from pandadb.core.archive.layout import ARCHIVE_OF
from pandadb.models import Base
from tests.models.test_tables import value

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

TABLES = [*ARCHIVE_OF.items()]


def take(session: Session, table: str) -> Fingerprint:
    return fingerprint(session, *table.split("."))


def fill(session: Session, table: str, ids: range | list[int]) -> None:
    """Put rows with a value in every column into a table, in the order of their ids."""
    columns = {column.name: value(column) for column in Base.metadata.tables[table].columns}
    for number in ids:
        key = {"pandaid": number} | ({"row_id": number} if "row_id" in columns else {})
        session.execute(insert(Base.metadata.tables[table]).values({**columns, **key}))


@pytest.mark.parametrize(("live", "archive"), TABLES)
def test_it_is_the_same_for_the_same_rows_in_another_order_and_table(
    session: Session, live: str, archive: str
) -> None:
    fill(session, live, [1, 2, 3])
    fill(session, archive, [3, 1, 2])

    assert take(session, live) == take(session, archive)
    assert take(session, live).rows == 3


@pytest.mark.parametrize(("live", "archive"), TABLES)
def test_each_column_counts(session: Session, live: str, archive: str) -> None:
    fill(session, live, [1])
    before = take(session, live)
    for column in Base.metadata.tables[live].columns:
        if column.nullable:
            with session.begin_nested() as attempt:
                session.execute(text(f'UPDATE {live} SET "{column.name}" = NULL'))
                assert take(session, live) != before, column.name
                attempt.rollback()


def test_nothing_is_zero(session: Session) -> None:
    assert take(session, "doma_panda.metatable") == Fingerprint(0, 0)


@pytest.mark.parametrize("shift", range(1, 6))
def test_values_that_change_places_between_rows_are_seen(session: Session, shift: int) -> None:
    values = "INSERT INTO doma_panda.jobparamstable (pandaid, jobparameters) VALUES (:n, :value)"
    for n in range(6):
        session.execute(text(values), {"n": n, "value": f"--events {n}"})
    table = "doma_panda.jobparamstable"
    before = take(session, table)

    changed = (
        "UPDATE doma_panda.jobparamstable SET jobparameters = '--events ' || mod(pandaid + :n, 6)"
    )
    session.execute(text(changed), {"n": shift})

    assert take(session, table) != before


def test_other_places_of_the_columns_make_no_difference(session: Session) -> None:
    session.execute(
        text(
            "CREATE TABLE public.turned AS SELECT jobparameters, modificationtime, pandaid"
            " FROM doma_panda.jobparamstable"
        )
    )
    for table in ("doma_panda.jobparamstable", "public.turned"):
        session.execute(
            text(
                f"INSERT INTO {table} (pandaid, modificationtime, jobparameters)"
                " VALUES (1, '2026-10-01', 'x')"
            )
        )

    turned = fingerprint(session, "public", "turned")
    assert turned == take(session, "doma_panda.jobparamstable")
