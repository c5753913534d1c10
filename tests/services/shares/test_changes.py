"""Shares set and loaded: differences, dry runs, two at once, nothing half done."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from pandadb.core.shares import tree
from pandadb.core.sql.validation import InvalidValue
from pandadb.services import shares
from pandadb.services.shares import InvalidShares, VerbOptions
from tests.share_rows import make_shares

if TYPE_CHECKING:
    from pandadb.database import Database

DRY = VerbOptions(dry_run=True)


@pytest.fixture
def filled(database: Database) -> Database:
    """A database with shares."""
    with database.transaction() as connection:
        make_shares(connection)
    return database


def rows(database: Database) -> dict[str, dict[str, Any]]:
    with database.transaction() as connection:
        found = connection.execute(text("SELECT * FROM doma_panda.global_shares")).mappings()
        return {row["name"]: dict(row) for row in found}


def file(database: Database, **changed: dict[str, Any]) -> str:
    """The shares of a database as a file, with changed columns of some."""
    return json.dumps([{**row, **changed.get(name, {})} for name, row in rows(database).items()])


def test_a_load_is_the_difference_to_the_file_and_then_there_is_none(filled: Database) -> None:
    given = json.loads(file(filled, Simulation={"value": 60}))
    given = [share for share in given if share["name"] != "Group"] + [{"name": "New", "value": 10}]

    tried = shares.load(filled, json.dumps(given), DRY)
    unchanged = rows(filled)
    found = shares.load(filled, json.dumps(given))
    again = shares.load(filled, json.dumps(given))

    assert unchanged["Simulation"]["value"] == 40
    assert {**vars(tried), "added": {}} == {**vars(found), "added": {}}
    assert [*found.added] == ["New"]
    assert found.removed == ["Group"]
    assert found.changed == {"Simulation": {"value": (40, 60)}}
    assert found.percents["Simulation"] == pytest.approx((24, 60 * 100 / 110))
    assert found.percents["Group"] == (36, None)
    assert {*rows(filled)} == {"Production", "Simulation", "Analysis", "New"}
    assert not again
    assert again.percents == {}


def test_new_shares_get_numbers_that_no_queue_and_no_share_has(filled: Database) -> None:
    with filled.transaction() as connection:
        connection.execute(text("SELECT setval('doma_panda.jedi_work_queue_id_seq', 1, false)"))
        queues = {*connection.scalars(text("SELECT queue_id FROM doma_panda.jedi_work_queue"))}
        connection.execute(text("UPDATE doma_panda.global_shares SET queue_id = 4 WHERE value = 60"
            " AND parent IS NULL"))  # fmt: skip
    given = [*json.loads(file(filled)), {"name": "X", "value": 1}, {"name": "Y", "value": 1}]

    shares.load(filled, json.dumps(given))
    numbers = [row["queue_id"] for row in rows(filled).values()]
    shares.load(filled, json.dumps([{**share, "queue_id": None} for share in given]))

    assert len({*numbers}) == len(numbers) == 6
    assert not queues & {*numbers}
    assert [row["queue_id"] for row in rows(filled).values()] == numbers


def test_two_shares_exchange_their_numbers(filled: Database) -> None:
    swapped = file(filled, Group={"queue_id": 102}, Simulation={"queue_id": 101})

    assert {*shares.load(filled, swapped).changed} == {"Group", "Simulation"}
    with filled.transaction() as connection:
        assert [leaf.name for leaf in tree.leaves(connection)] == [
            "Simulation",
            "Group",
            "Analysis",
        ]


def test_the_table_itself_is_in_the_order_of_matching(filled: Database) -> None:
    """The server reads it without ORDER BY."""
    shares.change(filled, "Production", {"value": 1})
    shares.load(filled, file(filled, Production={"queue_id": 900}))

    wanted = sorted(rows(filled).values(), key=tree.order_of)
    assert [*rows(filled)] == [row["name"] for row in wanted]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"parent": "Group"}, "is below itself: Production → Group → Production"),
        ({"parent": "Nowhere"}, "the parent 'Nowhere', which is no share"),
        ({"value": 200}, "from 0 to 100 per cent"),
        ({"name": "x" * 10_000}, "too long"),
        ({"workinggroup": "*"}, "no pattern"),
        ({"value": "many"}, "whole number"),
    ],
)
def test_a_file_with_an_invalid_share_changes_nothing_at_all(
    filled: Database, change: dict[str, Any], words: str
) -> None:
    before = rows(filled)
    bad = file(filled, Production=change, Simulation={"value": 99})

    with pytest.raises(InvalidShares, match=words):
        shares.load(filled, bad)
    with pytest.raises(InvalidShares):
        shares.load(filled, bad[: len(bad) // 2])

    assert rows(filled) == before


def test_a_value_is_set_with_the_new_parts_of_its_siblings(filled: Database) -> None:
    tried = shares.change(filled, "Group", {"value": 10}, DRY)
    assert rows(filled)["Group"]["value"] == 60
    found = shares.change(filled, "Group", {"value": 10})
    again = shares.change(filled, "Group", {"value": 10})

    assert vars(tried) == vars(found)
    assert found.changed == {"Group": {"value": (60, 10)}}
    assert found.percents == {
        "Group": (pytest.approx(36), pytest.approx(12)),
        "Simulation": (pytest.approx(24), pytest.approx(48)),
    }
    assert not again
    assert rows(filled)["Group"]["value"] == 10


@pytest.mark.parametrize(
    ("share", "values", "words"),
    [
        ("Grup", {"value": 1}, "there is no share 'Grup': is it Group"),
        ("Group", {"valu": 1}, "no column 'valu': is it value"),
        ("Group", {"value": None}, "cannot be NULL"),
        ("Group", {"value": 101}, "from 0 to 100"),
        ("Group", {"name": "Other"}, "name is set by the file of all shares"),
        ("Group", {"parent": "Simulation"}, None),
        ("Production", {"parent": "Simulation"}, "is below itself"),
        ("Analysis", {"queue_id": 101}, "queue_id 101 of another share"),
        ("Analysis", {"queue_id": 1}, "queue_id 1 of work queue"),
    ],
)
def test_a_share_that_cannot_be_set_is_a_sentence(
    filled: Database, share: str, values: dict[str, Any], words: str | None
) -> None:
    before = rows(filled)
    if words is None:  # a tree, of another shape
        assert shares.change(filled, share, values, DRY)
    else:
        with pytest.raises(InvalidValue, match=words):
            shares.change(filled, share, values)
    assert rows(filled) == before


def test_values_come_from_texts() -> None:
    assert shares.parse_values(["value=30", "workinggroup=NULL", "throttled=N"]) == {
        "value": 30, "workinggroup": None, "throttled": "N",
    }  # fmt: skip
    for word in ("value", "value=x", "values=3", "queue_id=1_0"):
        with pytest.raises(InvalidValue):
            shares.parse_values([word])


def test_of_two_loads_at_once_one_has_the_difference(filled: Database) -> None:
    given = json.dumps([*json.loads(file(filled)), {"name": "New", "value": 10}])

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(lambda _: shares.load(filled, given), range(2))

    assert [[*found.added] for found in (first, second) if found] == [["New"]]
    assert len(rows(filled)) == 5
