"""Jobs by the thousand, made by the database itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import psycopg

JOB = {
    "pandaid": "n",
    "jobname": "'benchmark.' || n",
    "jobdefinitionid": "0",
    "jeditaskid": "1000 + n % 100",
    "taskid": "1000 + n % 100",
    "reqid": "n % 10",
    "jobsetid": "n / 10",
    "vo": "'atlas'",
    "produserid": "'/DC=org/CN=somebody ' || n % 50",
    "produsername": "'somebody ' || n % 50",
    "creationtime": "now",
    "modificationtime": "now",
    "statechangetime": "now",
    "creationhost": "'benchmark'",
    "modificationhost": "'benchmark'",
    "prodsourcelabel": "'managed'",
    "processingtype": "'simul'",
    "workinggroup": "'AP_SIMUL'",
    "transformation": "'Sim_tf.py'",
    "homepackage": "'AtlasOffline/21.0.15'",
    "assignedpriority": "n % 1000",
    "currentpriority": "n % 1000",
    "computingsite": "'BENCHMARK'",
    "cloud": "'WORLD'",
    "gshare": "'Simulation'",
    "resource_type": "'SCORE'",
    "corecount": "1",
    "minramcount": "2000",
    "maxdiskcount": "500",
    "proddblock": "'mc16.' || n % 100",
    "lockedby": "'jedi'",
}
"""What the columns of a job are, as SQL of its PandaID `n`."""

FILES = {
    "row_id": "n * 4 + f",
    "pandaid": "n",
    "type": "(ARRAY['input', 'input', 'output', 'log'])[f]",
    "status": "'unknown'",
    "lfn": "'file.' || n || '.' || f",
    "dataset": "'mc16.' || n % 100",
    "proddblock": "'mc16.' || n % 100",
    "destinationdblock": "'mc16.out.' || n % 100",
    "scope": "'mc16'",
    "jeditaskid": "1000 + n % 100",
    "fsize": "1000000",
}
SHARES = ["Simulation", "Reconstruction", "Analysis", "Test"]
SATELLITES = ("filestable4", "metatable", "jobparamstable")
PARAMETERS = {"pandaid": "n", "jobparameters": "repeat('--parameter value', 50)"}
METADATA = {"pandaid": "n", "metadata": "repeat('{\"key\": 1}', 50)"}


def fill(connection: psycopg.Connection, table: str, pandaids: range, **columns: str) -> None:
    """Put jobs into a table; `columns` are other SQL than that of `JOB`."""
    _insert(connection, table, {**JOB, **columns}, pandaids)


def fill_satellites(
    connection: psycopg.Connection, pandaids: range, where: str = "true", **columns: str
) -> None:
    """Give jobs, or those of a condition on `n`, four files each, parameters and metadata.

    `columns` are further SQL, for all three tables.
    """
    for table, row, source in (
        ("filestable4", FILES, "generate_series(1, 4) AS f"),
        ("jobparamstable", PARAMETERS, "(SELECT) AS one"),
        ("metatable", METADATA, "(SELECT) AS one"),
    ):
        _insert(connection, table, {**row, **columns}, pandaids, f"{source} WHERE {where}")


def analyze(connection: psycopg.Connection) -> None:
    """Let the planner know what the tables hold."""
    tables = ("jobsdefined4", "jobsactive4", "jobsarchived4", *SATELLITES)
    names = ", ".join(f"doma_panda.{table}" for table in tables)
    connection.execute(f"VACUUM ANALYZE {names}".encode())


def register_worker(connection: psycopg.Connection) -> None:
    """Register the Harvester instance whose worker takes jobs, and the shares that it serves."""
    connection.execute(
        "INSERT INTO doma_panda.global_shares (name, value) SELECT unnest(%s::text[]), 25",
        [SHARES],
    )
    connection.execute(
        "INSERT INTO doma_panda.harvester_instances (harvester_id, starttime, lastupdate)"
        " VALUES ('benchmark', localtimestamp, localtimestamp)"
    )


def _insert(
    connection: psycopg.Connection,
    table: str,
    columns: dict[str, str],
    pandaids: range,
    *more: str,
) -> None:
    sources = ", ".join(
        [
            f"generate_series({pandaids.start}, {pandaids.stop - 1}) AS n",
            "(SELECT localtimestamp AS now) AS clock",
            *more,
        ]
    )
    statement = (
        f"INSERT INTO doma_panda.{table} ({', '.join(columns)}) "  # noqa: S608 - our own words
        f"SELECT {', '.join(columns.values())} FROM {sources}"
    )
    connection.execute(statement.encode())
