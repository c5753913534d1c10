"""A yardstick: jobs generated, held back and killed as PanDA's server and JEDI do, row by row.

The statements are our own. What JEDI works out in Python is left out, and so are the locks of its
agents: it would be slower.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from psycopg.rows import dict_row

from benchmarks import copying, upstream
from benchmarks.raw import COLUMNS
from benchmarks.rows import SATELLITES
from benchmarks.samples import JOB
from benchmarks.tasks.given_tasks import FILES_PER_JOB, dataset_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    import psycopg

    Rows = list[dict[str, Any]]

READY = """
SELECT * FROM doma_panda.jedi_dataset_contents
WHERE jeditaskid = %s AND datasetid = %s AND status = 'ready' ORDER BY fileid
"""
PICKED = """
UPDATE doma_panda.jedi_dataset_contents SET status = 'picked'
WHERE jeditaskid = %s AND datasetid = %s AND fileid = %s AND status = 'ready'
"""
USED = """
UPDATE doma_panda.jedi_datasets SET nfilesused = nfilesused + %s
WHERE jeditaskid = %s AND datasetid = %s
"""
TEMPLATE = """
SELECT outtempid, serialnr, filenametemplate FROM doma_panda.jedi_output_template
WHERE jeditaskid = %s AND datasetid = %s FOR UPDATE
"""
SERIAL = """
UPDATE doma_panda.jedi_output_template SET serialnr = serialnr + 1
WHERE jeditaskid = %s AND outtempid = %s
"""
OUTPUTS = """
SELECT datasetid, datasetname, type FROM doma_panda.jedi_datasets
WHERE jeditaskid = %s AND type IN ('output', 'log')
"""
TAKEN = """
UPDATE doma_panda.jedi_dataset_contents
SET status = 'running', pandaid = %s, jobsetid = %s, outpandaid = %s, is_waiting = NULL
WHERE jeditaskid = %s AND datasetid = %s AND fileid = %s AND attemptnr = %s
    AND status IN ('picked', 'defined') AND keeptrack = 1
"""
REQUESTED = """
UPDATE doma_deft.t_task SET total_req_jobs = coalesce(total_req_jobs, 0) + %s WHERE taskid = %s
"""


def generate(connection: psycopg.Connection, task: int) -> list[int]:
    """Pick the input of a task, and make a job of each ten files."""
    files = _pick(connection, task)
    with connection.cursor(row_factory=dict_row) as cursor:
        outputs = cursor.execute(OUTPUTS, [task]).fetchall()
    groups = [files[at : at + FILES_PER_JOB] for at in range(0, len(files), FILES_PER_JOB)]
    made = []
    for inputs in groups:
        written = _make_outputs(connection, task, outputs)
        made.append(_store(connection, task, inputs, written))
    connection.execute(REQUESTED, [len(made), task])
    return made


def _pick(connection: psycopg.Connection, task: int) -> Rows:
    """Pick files, each by a statement of its own, in one transaction."""
    dataset = dataset_of(task)
    with connection.transaction(), connection.cursor(row_factory=dict_row) as cursor:
        files = cursor.execute(READY, [task, dataset]).fetchall()
        for file in files:
            cursor.execute(PICKED, [task, dataset, file["fileid"]])
        cursor.execute(USED, [len(files), task, dataset])
    return files


def _make_outputs(connection: psycopg.Connection, task: int, outputs: Rows) -> Rows:
    """Make the output files of a job, from the templates of their names."""
    made = []
    with connection.transaction():
        for dataset in outputs:
            number, serial, name = connection.execute(
                TEMPLATE, [task, dataset["datasetid"]]
            ).fetchall()[0]
            (fileid,) = copying.draw(connection, "jedi_dataset_cont_fileid_seq", 1)
            row = {
                "jeditaskid": task, "datasetid": dataset["datasetid"], "fileid": fileid,
                "creationdate": upstream.now(), "lfn": name.replace("${SN}", f"{serial:06d}"),
                "type": dataset["type"], "status": "defined", "scope": "mc23", "attemptnr": 0,
                "keeptrack": 1,
            }  # fmt: skip
            upstream.insert(connection, "jedi_dataset_contents", row)
            connection.execute(SERIAL, [task, number])
            made.append({**row, "datasetname": dataset["datasetname"]})
    return made


def _store(connection: psycopg.Connection, task: int, inputs: Rows, outputs: Rows) -> int:
    """Insert a job, its files and its parameters row by row, then the log."""
    with connection.transaction():
        (pandaid,) = copying.draw(connection, "jobsdefined4_pandaid_seq", 1)
        job = {
            **dict.fromkeys(COLUMNS), **upstream.ZEROS, **JOB, **copying.times(),
            "pandaid": pandaid, "jobstatus": "pending", "jeditaskid": task, "taskid": task,
            "lockedby": "jedi", "jobname": f"task.{task}.{pandaid}",
        }  # fmt: skip
        upstream.insert(connection, "jobsdefined4", job)
        for file in (*inputs, *outputs):
            _store_file(connection, pandaid, file)
        names = ",".join(file["lfn"] for file in inputs)
        parameters = {"pandaid": pandaid, "jobparameters": f"-i {names} -o {outputs[0]['lfn']}"}
        upstream.insert(connection, "jobparamstable", parameters)
    upstream.log(connection, job)
    return pandaid


def _store_file(connection: psycopg.Connection, pandaid: int, file: dict[str, Any]) -> None:
    (row_id,) = copying.draw(connection, "filestable4_row_id_seq", 1)
    row = {
        "row_id": row_id, "pandaid": pandaid, "status": "unknown", "dataset": "mc23.in",
        "proddblock": "mc23.in", "destinationdblock": file.get("datasetname", "mc23.in"),
        "guid": file.get("guid"), "fsize": file.get("fsize", 0), "checksum": file.get("checksum"),
        **{
            name: file[name]
            for name in ("lfn", "type", "scope", "jeditaskid", "datasetid", "fileid", "attemptnr")
        },
    }  # fmt: skip
    upstream.insert(connection, "filestable4", row)
    key = [file[name] for name in ("jeditaskid", "datasetid", "fileid", "attemptnr")]
    output = None if file["type"] == "input" else pandaid
    connection.execute(TAKEN, [pandaid, pandaid, output, *key])


HELD = """
UPDATE doma_panda.jobsactive4 SET jobstatus = 'throttled'
WHERE pandaid = %s AND jobstatus = 'activated'
"""


def pause(connection: psycopg.Connection, pandaids: Sequence[int]) -> None:
    """Hold jobs back one by one; PanDA's server itself has one statement for this."""
    with connection.transaction():
        for pandaid in pandaids:
            connection.execute(HELD, [pandaid])


LOCKED = """
SELECT produserid, prodsourcelabel, jobdefinitionid, jobsetid, workinggroup, specialhandling,
    jobstatus, taskbuffererrorcode, eventservice
FROM doma_panda.jobsactive4 WHERE pandaid = %s FOR UPDATE NOWAIT
"""
COMMANDED = """
UPDATE doma_panda.jobsactive4 SET commandtopilot = 'tobekilled', taskbuffererrordiag = 'killed'
WHERE pandaid = %s AND (commandtopilot IS NULL OR commandtopilot <> 'tobekilled')
"""
FILES = "SELECT * FROM doma_panda.filestable4 WHERE pandaid = %s ORDER BY row_id"
OUTPUT_FAILED = """
UPDATE doma_panda.filestable4 SET status = 'failed' WHERE pandaid = %s AND type IN ('output', 'log')
"""
FILE_STATE = """
SELECT status, attemptnr, maxattempt, failedattempt, maxfailure
FROM doma_panda.jedi_dataset_contents
WHERE jeditaskid = %s AND datasetid = %s AND fileid = %s FOR UPDATE
"""
PUT_BACK = """
UPDATE doma_panda.jedi_dataset_contents SET status = %s, attemptnr = attemptnr + %s
WHERE jeditaskid = %s AND datasetid = %s AND fileid = %s AND attemptnr = %s AND keeptrack = 1
"""
COUNTED = """
UPDATE doma_panda.jedi_datasets SET nfilesused = nfilesused - %s, nfilesfailed = nfilesfailed + %s
WHERE jeditaskid = %s AND datasetid = %s
"""


def kill(connection: psycopg.Connection, pandaids: Sequence[int]) -> None:
    """Kill jobs one by one: each is moved, and then its files are put back one by one."""
    for pandaid in pandaids:
        with connection.transaction():
            connection.execute(LOCKED, [pandaid])
            connection.execute(COMMANDED, [pandaid])
        upstream.move(
            connection, pandaid, "jobsactive4", "jobsarchived4", SATELLITES,
            jobstatus="cancelled", endtime=upstream.now(),
        )  # fmt: skip
        with connection.transaction(), connection.cursor(row_factory=dict_row) as cursor:
            cursor.execute(OUTPUT_FAILED, [pandaid])
            for file in cursor.execute(FILES, [pandaid]).fetchall():
                _put_back(connection, file)


def _put_back(connection: psycopg.Connection, file: dict[str, Any]) -> None:
    key = [file[name] for name in ("jeditaskid", "datasetid", "fileid")]
    is_input = file["type"] == "input"
    connection.execute(FILE_STATE, key)
    new = ["ready", 1] if is_input else ["failed", 0]
    connection.execute(PUT_BACK, [*new, *key, file["attemptnr"]])
    connection.execute(COUNTED, [int(is_input), int(not is_input), *key[:2]])
