"""A dump that is restored, on the same or a newer PostgreSQL, has the same schema."""

from __future__ import annotations

import shutil
import subprocess

import psycopg
import pytest

from pandadb.database import Database
from pandadb.services import drift, grants, schema
from tests.databases import Server, temporary_database
from tests.servers import NoServerError, running_server


def client(server: Server, name: str) -> str:
    """Return a program of the server's own version: an older pg_dump refuses a newer server."""
    with psycopg.connect(server.url) as connection:
        query = "SELECT setting FROM pg_config WHERE name = 'BINDIR'"
        (folder,) = connection.execute(query).fetchone() or ("",)
    found = shutil.which(name, path=folder)
    if found is None:
        pytest.skip(f"there is no {name} beside the server")
    return found


def restore(server: Server, source: str, target: str) -> None:
    """Copy a database by pg_dump and pg_restore of the server that it is copied to."""
    dump = [client(server, "pg_dump"), "--format=custom", "--dbname", source]
    command = [client(server, "pg_restore"), "--exit-on-error", "--dbname", target]
    dumped = subprocess.run(dump, capture_output=True, check=True)
    subprocess.run(command, input=dumped.stdout, check=True)


def version(server: Server) -> int:
    with psycopg.connect(server.url) as connection:
        return connection.info.server_version


@pytest.mark.slow
def test_a_restored_dump_has_no_drift(server: Server, database_url: str) -> None:
    with temporary_database(server) as once, temporary_database(server) as twice:
        restore(server, database_url, once)
        restore(server, once, twice)

        for url in (once, twice):
            with Database(url) as restored:
                assert schema.check(restored) == []


@pytest.mark.slow
def test_a_restored_dump_keeps_owners_and_rights_and_lacks_the_search_path_of_the_database(
    server: Server, database: Database, database_url: str, prefix: str
) -> None:
    grants.grant(database, prefix)
    with temporary_database(server) as copy:
        restore(server, database_url, copy)
        with Database(copy) as restored:
            (lacking,) = drift.check(restored)
            grants.grant(restored, prefix)

            assert lacking.sentence.startswith("the database has no search_path")
            assert drift.check(restored) == []


@pytest.mark.slow
def test_a_dump_restored_on_a_newer_postgresql_has_no_drift(
    server: Server, database_url: str
) -> None:
    try:
        with running_server("embedded") as newer:
            if version(newer) // 10000 <= version(server) // 10000:
                pytest.skip("there is no newer PostgreSQL here")
            with temporary_database(newer) as copy:
                restore(newer, database_url, copy)
                with Database(copy) as restored:
                    assert schema.check(restored) == []
    except NoServerError as error:
        pytest.skip(str(error))


@pytest.mark.slow
def test_a_check_that_allows_more_differs_in_the_copy_too(
    server: Server, database_url: str
) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute(
            "ALTER TABLE pandadb.archive_proof DROP CONSTRAINT archive_proof_how_check,"
            " ADD CONSTRAINT archive_proof_how_check CHECK (how IN ('swap', 'theft'))"
        )
    with temporary_database(server) as copy:
        restore(server, database_url, copy)

        with Database(copy) as restored:
            (difference,) = schema.check(restored)
    assert "archive_proof_how_check" in str(difference)
