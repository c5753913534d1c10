"""`pandadb db check` and `fix-sequences`: numbers that would be given twice."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from tests.factories import make_job
from tests.typed import pandadb

if TYPE_CHECKING:
    from pandadb.database import Database

pytestmark = pytest.mark.any_server


@pytest.mark.slow
def test_sequences_behind_their_tables_are_named_and_mended(database: Database) -> None:
    def run(*words: str) -> tuple[int, str]:
        ended = pandadb(database, "db", *words)
        return ended.returncode, ended.stdout

    with database.session() as session:
        make_job(session, "finished", 5_000)
        session.execute(text("SELECT setval('doma_panda.jobsdefined4_pandaid_seq', 10)"))

    code, said = run("check")
    assert (code, "jobsdefined4_pandaid_seq gives 11 next" in said) == (1, True), said
    assert "would go on after 5000" in run("fix-sequences", "--dry-run")[1]
    (fixed,) = json.loads(run("fix-sequences", "--json")[1])
    assert (fixed["next"], fixed["highest"], fixed["column"]) == (11, 5_000, "pandaid")
    assert run("check")[0] == 0
    assert run("fix-sequences") == (0, "No sequence is behind its tables.\n")
