"""The data dictionary: every table, every column, every sequence, and links that lead somewhere."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import PurePosixPath

import pytest

from pandadb.docs_pages import dictionary
from pandadb.docs_pages.families import families
from pandadb.docs_pages.mermaid import page
from pandadb.models import Base
from pandadb.models.jobs.all_tables import JOB_TABLES

pytestmark = pytest.mark.any_server

PAGES = dictionary.pages()
TABLES = [(family.name, table) for family in families() for table in family.tables]


def section(page: str, title: str) -> str:
    found = re.split(r"^## ", PAGES[f"dictionary/{page}.md"], flags=re.MULTILINE)
    return next(part for part in found if part.startswith(f"{title}\n"))


def test_every_table_has_one_section_in_the_page_of_its_family() -> None:
    headings = [
        (PurePosixPath(path).stem, title)
        for path, text in PAGES.items()
        for title in re.findall(r"^## (\w+)$", text, flags=re.MULTILINE)
        if path != "dictionary.md"
    ]
    assert len(TABLES) == 158
    assert headings == [(family, table.name) for family, table in TABLES]


def test_every_column_is_described_where_it_is_declared() -> None:
    jobs = {job.__tablename__ for job in JOB_TABLES}
    twins = {
        "filestable_arch", "metatable_arch", "jobparamstable_arch", "jobsdefined_share_stats",
        "job_control_arch", "job_dependency_arch", "outbox_arch",
    }  # fmt: skip
    for family, table in TABLES:
        if table.name in jobs | twins:
            continue
        text = section(family, table.name)
        for column in table.columns:
            assert text.count(f"\n| `{column.name}` |") == 1
            assert " ".join((column.comment or "").split()).replace("|", "\\|") in text


def test_the_columns_of_a_job_are_described_once_by_group() -> None:
    text = section("jobs", "Columns of a job")
    described = re.findall(r"^\| `(\w+)` \|", text, flags=re.MULTILINE)
    assert sorted(described) == sorted(JOB_TABLES[0].__table__.columns.keys())
    assert re.findall(r"^### (\w+)", text, flags=re.MULTILINE)[:2] == ["JobIdentity", "JobState"]


def test_a_table_of_jobs_says_only_in_what_it_differs() -> None:
    differences = {
        job.__tablename__: re.findall(
            r"^\| `(\w+)` \|",
            section("archive" if job is JOB_TABLES[-1] else "jobs", job.__tablename__),
            flags=re.MULTILINE,
        )
        for job in JOB_TABLES
    }
    assert differences["jobsdefined4"] == ["jobstatus"]
    assert {"jobstatus", "creationtime", "nevents"} <= {*differences["jobsarchived"]}
    assert all(len(columns) < 16 for columns in differences.values())


def test_an_archive_table_says_in_what_it_differs_from_the_live_one() -> None:
    text = section("archive", "filestable_arch")
    assert "[filestable4](jobs.md#filestable4), except for:" in text
    assert re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE) == ["modificationtime", "fsize"]


def test_keys_partitions_indexes_and_classes_are_said() -> None:
    text = section("jobs", "filestable4")
    assert "class `FilesTable4`" in text
    assert "- Primary key: `row_id`, `modificationtime`" in text
    assert "- Partitioned by `RANGE (modificationtime)`" in text
    assert "`filestable4_taskfileid_idx` (jeditaskid, datasetid, fileid)" in text
    assert "unique `jobsdefined4_jeditaskid_idx`" in section("jobs", "jobsdefined4")
    assert "- No primary key; the class tells rows apart by `pandaid`" in section(
        "jobs", "jobs_statuslog"
    )
    assert "- Unique: `queue_name`, `queue_type`, `vo`" in section("queues", "jedi_work_queue")


def test_types_nulls_and_defaults_are_in_words_of_postgresql() -> None:
    text = section("jobs", "Columns of a job")
    assert "| `pandaid` | bigint | no | `0`, drawn from `jobsdefined4_pandaid_seq` |" in text
    assert "| `creationtime` | timestamp without time zone | no | `'1970-01-01 00:00:00'` |" in text
    assert "| `jeditaskid` | bigint |  |  |" in text
    assert "nextval('doma_panda.error_descriptions_id_seq')" in section(
        "errors", "error_descriptions"
    )


def test_every_sequence_is_listed_with_the_columns_it_feeds() -> None:
    index = PAGES["dictionary.md"]
    for name in Base.metadata._sequences:
        assert index.count(f"\n| `{name}` |") == 1
    assert "| `doma_panda.jedi_datasets_id_seq` | `doma_panda.jedi_datasets.datasetid` |" in index
    assert "| `doma_panda.group_jobid_seq` | no column: programs draw from it |" in index


def test_every_link_leads_to_a_page_a_heading_or_a_diagram() -> None:
    pages = {**PAGES, "diagrams.md": page()}
    for path, text in PAGES.items():
        for link in re.findall(r"\]\(([^)]+)\)", text):
            place, _, heading = link.partition("#")
            target = os.path.normpath(PurePosixPath(path).parent / place)
            assert target in pages
            if heading:
                titles = re.findall(r"^#+ (.+)$", pages[target], flags=re.MULTILINE)
                assert heading in [title.lower().replace(" ", "-") for title in titles]


def test_every_table_links_to_its_diagram() -> None:
    for family, table in TABLES:
        assert f"[diagram](../diagrams.md#{family})" in section(family, table.name)


def test_no_cell_breaks_its_table() -> None:
    for text in PAGES.values():
        for table in re.findall(r"(?:^\|.*\n)+", text, flags=re.MULTILINE):
            widths = {len(re.split(r"(?<!\\)\|", line)) for line in table.splitlines()}
            assert len(widths) == 1


@pytest.mark.slow
def test_the_pages_are_the_same_in_every_process() -> None:
    program = "from pandadb.docs_pages import dictionary as tables, mermaid as diagrams\n"
    program += "print(tables.pages(), diagrams.page())"
    printed = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "4242")
    }
    assert printed == {f"{PAGES} {page()}\n"}
