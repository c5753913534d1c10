"""The entity diagrams: whole, readable, and the same everywhere."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
from itertools import combinations
from xml.etree import ElementTree as ET

import pytest

from pandadb.core import diagrams
from pandadb.models import Base

PICTURES = diagrams.pictures()
FAMILIES = diagrams.families()
EVERY = pytest.mark.parametrize("name", PICTURES)

ENTITY = r'(?:\w+|"\w+(?:[. ]\w+)*")'
GRAMMAR = [
    re.compile(pattern)
    for pattern in (
        r'---|title: "[^"]+"|erDiagram|    direction LR',
        rf"    {ENTITY}(?: \{{)?|    \}}",
        r'        [a-z][\w()-]* [A-Za-z_]\w*(?: (?:PK|FK|PK, FK))?(?: "[^"]+")?',
        rf"    {ENTITY} (?:\|\||\|o|\}}o)--o[{{|] {ENTITY} : \w+",
    )
]

DIGEST = """
import hashlib
from pandadb.core import diagrams
for name, picture in diagrams.pictures().items():
    text = diagrams.svg(picture) + diagrams.mermaid(picture)
    print(name, hashlib.sha256(text.encode()).hexdigest())
"""


def test_every_table_belongs_to_exactly_one_family() -> None:
    mapped = [table.fullname for table in diagrams.mappers()]
    owned = [table.fullname for family in FAMILIES for table in family.tables]
    assert len(owned) == 136
    assert sorted(owned) == sorted(mapped)
    assert set(owned) <= {*Base.metadata.tables}


def test_every_table_is_drawn_as_its_own_in_the_diagram_of_its_family_only() -> None:
    for family in FAMILIES:
        own = [box.name for box in PICTURES[family.name].boxes if box.own]
        assert own == [table.fullname for table in family.tables]


def test_every_family_says_what_it_is() -> None:
    assert all(family.meaning.endswith(".") for family in FAMILIES)


def test_the_overview_names_every_table_once() -> None:
    boxes = PICTURES["overview"].boxes
    named = [box.title for box in boxes if "." in box.name]
    named += [row.name for box in boxes for row in box.rows]
    assert sorted(named) == sorted(t.name for family in FAMILIES for t in family.tables)


def test_every_relationship_is_a_line_or_goes_through_a_table_that_has_two() -> None:
    lines = diagrams.lines()
    for table, mapper in diagrams.mappers().items():
        for relationship in mapper.relationships:
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
        for line in diagrams.lines()
    }
    assert ends["jedi_tasks", "jedi_datasets", "datasets"] == ((False, False), True)
    assert ends["jedi_tasks", "jedi_taskparams", "task_params"] == ((False, False), False)
    assert ends["global_shares", "global_shares", "child_shares"] == ((False, True), True)
    assert ends["jobsactive4", "filestable4", "files"] == ((False, True), True)
    assert ends["worker_node", "worker_node_queue", "queues"] == ((True, True), True)


def test_a_box_shows_keys_and_the_columns_of_lines_but_not_the_127_of_a_job() -> None:
    box = next(box for box in PICTURES["jobs"].boxes if box.title == "jobsactive4")
    rows = {row.name: row for row in box.rows}
    assert rows["pandaid"].marks == ("PK",)
    assert rows["jeditaskid"].marks == ("FK",)
    assert rows["jobstatus"].type == "varchar(15)"
    assert len(rows) < 12
    assert len(rows) + box.more == 127


def test_a_table_of_another_family_is_a_bare_box() -> None:
    others = [box for picture in PICTURES.values() for box in picture.boxes if not box.own]
    assert len(others) > 20
    assert not any(box.rows for box in others)


@EVERY
def test_the_mermaid_text_follows_the_grammar(name: str) -> None:
    text = diagrams.mermaid(PICTURES[name])
    wrong = [line for line in text.splitlines() if not any(g.fullmatch(line) for g in GRAMMAR)]
    assert not wrong
    assert text.count(" {\n") == text.count(" }\n")
    for line in PICTURES[name].lines:
        assert re.search(rf"\b{line.child.table.name}\b.* : ", text)


@EVERY
def test_the_svg_is_well_formed_and_names_every_box(name: str) -> None:
    root = ET.fromstring(diagrams.svg(PICTURES[name]))
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    words = [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]
    for box in PICTURES[name].boxes:
        assert box.title in words
        assert all(row.name in words for row in box.rows)


@EVERY
def test_no_two_boxes_overlap_and_all_are_on_the_page(name: str) -> None:
    drawing = diagrams.layout(PICTURES[name])
    places = drawing.places()
    assert len(places) == len(PICTURES[name].boxes)
    for (_, ax, ay, aw, ah), (_, bx, by, bw, bh) in combinations(places, 2):
        assert ax + aw <= bx or bx + bw <= ax or ay + ah <= by or by + bh <= ay
    for _, x, y, width, height in places:
        assert 0 <= x < x + width <= drawing.width
        assert 0 <= y < y + height <= drawing.height


@EVERY
def test_no_line_runs_through_a_box(name: str) -> None:
    drawing = diagrams.layout(PICTURES[name])
    for route in drawing.routes:
        for (ax, ay), (bx, by) in zip(route.corners, route.corners[1:], strict=False):
            assert ax == bx or ay == by
            for box, x, y, width, height in drawing.places():
                aside = max(ax, bx) <= x or min(ax, bx) >= x + width
                above = max(ay, by) <= y or min(ay, by) >= y + height
                assert aside or above, (route.wire.line, box.name)


@EVERY
def test_text_fits_into_its_box(name: str) -> None:
    for box, _, _, width, _ in diagrams.layout(PICTURES[name]).places():
        assert len(box.title) * 8 <= width
        for row in box.rows:
            assert (len(row.name) + len(row.type)) * 7.25 + 50 <= width


def test_the_drawings_are_the_same_in_every_process() -> None:
    digests = [
        subprocess.run(
            [sys.executable, "-c", DIGEST],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "4242")
    ]
    assert digests[0] == digests[1]
    own = diagrams.svg(PICTURES["jobs"]) + diagrams.mermaid(PICTURES["jobs"])
    assert f"jobs {hashlib.sha256(own.encode()).hexdigest()}" in digests[0].splitlines()


def test_a_missing_library_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "igraph", None)
    with pytest.raises(diagrams.LayoutLibraryMissing, match=r"pip install 'pandadb\[docs\]'"):
        diagrams.svg(PICTURES["tasks"])


def test_the_index_shows_every_drawing_with_the_sentence_of_its_family() -> None:
    page = diagrams.index(PICTURES)
    for family in FAMILIES:
        assert f"](diagrams/{family.name}.svg)" in page
        assert family.meaning in page
