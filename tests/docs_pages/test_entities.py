"""The entity diagrams: complete, valid Mermaid, and the same in every process."""

from __future__ import annotations

import re

import pytest

from pandadb.docs_pages import entities, families, mermaid
from pandadb.models import Base, JobsActive4

pytestmark = pytest.mark.any_server

PICTURES = entities.pictures()
FAMILIES = families.families()
TASKS, DATASETS = (family.tables for family in FAMILIES[:2])
EVERY = pytest.mark.parametrize("name", PICTURES)

ENTITY = r'(?:\w+|"\w+(?:[. ]\w+)*")'
GRAMMAR = [
    re.compile(pattern)
    for pattern in (
        r"erDiagram|    direction LR",
        rf"    {ENTITY}(?: \{{)?|    \}}",
        r'        [a-z][\w()-]* [A-Za-z_]\w*(?: (?:PK|FK|PK, FK))?(?: "[^"]+")?',
        rf"    {ENTITY} (?:\|\||\|o|\}}o)--o[{{|] {ENTITY} : \w+",
    )
]


def test_every_table_belongs_to_exactly_one_family() -> None:
    mapped = [table.fullname for table in families.mappers()]
    owned = [table.fullname for family in FAMILIES for table in family.tables]
    assert len(owned) == 158
    assert sorted(owned) == sorted(mapped)
    assert set(owned) <= {*Base.metadata.tables}


def test_every_table_is_drawn_as_its_own_in_the_diagram_of_its_family_only() -> None:
    for family in FAMILIES:
        own = [box.name for box in PICTURES[family.name].boxes if box.own]
        assert own == [table.fullname for table in family.tables]


def test_every_family_says_what_it_is() -> None:
    assert all(family.meaning.endswith(".") for family in FAMILIES)


def test_every_relationship_is_a_line_or_goes_through_a_table_that_has_two() -> None:
    lines = families.lines()
    for table, mapper in families.mappers().items():
        for relationship in mapper.relationships:
            if relationship.target not in families.mappers():
                continue  # a view
            target = relationship.secondary
            other = relationship.mapper.local_table if target is None else target
            assert any(line.touches([table]) and line.touches([other]) for line in lines)
    names = {(end.table.name, end.name) for line in lines for end in (line.parent, line.child)}
    assert {("jedi_tasks", "datasets"), ("jedi_datasets", "task")} <= names


def test_a_line_says_how_many_rows_each_end_may_have() -> None:
    ends = {
        (line.parent.table.name, line.child.table.name, line.parent.name): (
            (line.parent.many, line.parent.optional),
            line.child.many,
        )
        for line in families.lines()
    }
    assert ends["jedi_tasks", "jedi_datasets", "datasets"] == ((False, False), True)
    assert ends["jedi_tasks", "jedi_taskparams", "task_params"] == ((False, False), False)
    assert ends["global_shares", "global_shares", "child_shares"] == ((False, True), True)
    assert ends["jobsactive4", "filestable4", "files"] == ((False, True), True)
    assert ends["worker_node", "worker_node_queue", "queues"] == ((True, True), True)


def test_a_box_shows_keys_and_the_columns_of_lines_but_not_all_columns_of_a_job() -> None:
    box = next(box for box in PICTURES["jobs"].boxes if box.title == "jobsactive4")
    rows = {row.name: row for row in box.rows}
    assert rows["pandaid"].marks == ("PK",)
    assert rows["jeditaskid"].marks == ("FK",)
    assert rows["jobstatus"].type == "varchar(15)"
    assert len(rows) < 12
    assert len(rows) + box.more == len(JobsActive4.__table__.columns)


def test_a_table_of_another_family_is_a_bare_box() -> None:
    others = [box for picture in PICTURES.values() for box in picture.boxes if not box.own]
    assert len(others) > 20
    assert not any(box.rows for box in others)


@EVERY
def test_the_mermaid_text_follows_the_grammar(name: str) -> None:
    text = mermaid.er_diagram(PICTURES[name])
    wrong = [line for line in text.splitlines() if not any(g.fullmatch(line) for g in GRAMMAR)]
    assert not wrong
    assert text.count(" {\n") == text.count(" }\n")
    for line in PICTURES[name].lines:
        assert re.search(rf"\b{line.child.table.name}\b.* : ", text)


def test_the_overview_has_every_family_and_counts_the_relationships_between_two() -> None:
    text = mermaid.overview(FAMILIES, families.lines())
    between = [
        line
        for line in families.lines()
        if {line.parent.table, line.child.table} & {*TASKS} == {line.parent.table}
        and line.child.table in DATASETS
    ]
    assert between
    assert f"    tasks_ -->|{len(between)}| datasets_\n" in text
    for family in FAMILIES:
        assert f"    {family.name}_[{family.name}: {len(family.tables)}]\n" in text


def test_the_page_has_the_diagram_of_every_family_with_its_sentence() -> None:
    page = mermaid.page()
    for family in FAMILIES:
        assert f"## {family.name.capitalize()}\n\n{family.meaning}\n" in page
        assert f"```mermaid\n{mermaid.er_diagram(PICTURES[family.name])}```\n" in page
