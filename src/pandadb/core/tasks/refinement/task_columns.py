"""Columns of JEDI_TASKS from the parameters of a task.

Units are those of the columns: memory in `ramunit`, disk in `outdiskunit` and `workdiskunit`,
`basewalltime` in seconds, `goal` per mille of the percent that is given.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from pandadb.core.events.kinds import TaskKind
from pandadb.core.sql.validation import InvalidValue, check_columns, shown
from pandadb.core.tasks.refinement.architectures import encode_architecture
from pandadb.core.tasks.submission.parameters import InvalidTask, Parameters, fitted, is_given
from pandadb.models import JediTasks

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pandadb.core.tasks.refinement.drafts import Draft, Row

COLUMNS = JediTasks.__table__.c
OBLIGATORY = (
    "vo", "prodSourceLabel", "taskType", "taskName", "userName", "taskPriority", "architecture",
    "transUses", "transHome", "processingType",
)  # fmt: skip
"""Parameters that a task has to have, null if it is so; each is a column of its own name."""
DEFAULTS: Mapping[str, Any] = {
    "coreCount": 1, "walltime": 0, "outDiskCount": 0, "workDiskCount": 0, "ramCount": 0,
    "baseRamCount": 0, "cpuEfficiency": 90, "baseWalltime": 600,
}  # fmt: skip
"""Parameters with the value of a task that does not have them; columns of the same names."""
OPTIONAL: Mapping[str, str] = {
    **{name: name.lower() for name in (
        "framework", "transPath", "workingGroup", "countryGroup", "ticketID", "ticketSystemType",
        "outDiskUnit", "workDiskUnit", "ioIntensity", "ioIntensityUnit", "cpuTimeUnit", "cpuTime",
        "mergeRamCount", "mergeCoreCount", "nucleus", "campaign", "container_name",
    )},
    "osInfo": "termcondition",
}  # fmt: skip
"""Other parameters, with their columns."""
EMPTY_UNLESS_GIVEN: Mapping[str, str] = {
    "cloud": "cloud", "site": "site", "walltimeUnit": "walltimeunit",
}  # fmt: skip
"""Columns that lose an older value where the parameter is not there; only scouts set the last."""
SCOUT_COLUMNS = (
    "ramcount", "walltime", "cputime", "starttime", "cputimeunit", "outdiskcount", "workdiskcount",
    "iointensity", "diskio",
)  # fmt: skip
"""Columns that scouts may have measured: a task that is refined again, or waits, keeps them."""
DEFAULT_PROGRAM = "https://pandaserver-doma.cern.ch/trf/user/runGen-00-00-02"
"""`transPath` of a task that does not have it."""


def complete(parameters: Parameters) -> None:
    """Complete parameters by the rules for all tasks, as they are kept then."""
    given = parameters
    if "workingGroup" in given:
        given.setdefault("cloud", given["workingGroup"])
    given.setdefault("transPath", DEFAULT_PROGRAM)
    _set_source(given)
    if "ramCount" not in given:
        given |= {"ramCount": 2000, "ramUnit": "MBPerCore"}
    given.setdefault("pushStatusChanges", True)
    if "fineGrainedProc" in given:
        given |= {"notDiscardEvents": True, "maxAttemptEsJob": 0, "maxAttemptES": 1}
    given.setdefault("messageDriven", True)
    given["cloudAsVO"] = True
    if not given.get("maxAttempt", True):
        del given["maxAttempt"]
    _set_event_service(given)
    if "forceStaged" in given:
        given["useLocalIO"] = given["forceStaged"]


def _set_source(given: Parameters) -> None:
    """Write the address of the source files into the parameters of jobs."""
    source = given.get("sourceURL")
    for item in given.get("jobParameters") or [] if isinstance(source, str) else []:
        if isinstance(item.get("value"), str):
            item["value"] = item["value"].replace("${SURL}", str(source))


def _set_event_service(given: Parameters) -> None:
    if is_given(given, "useJobCloning"):
        given.setdefault("nEventsPerWorker", 1)
        given.setdefault("nSitesPerJob", 2)
        given.setdefault("nEsConsumers", given["nSitesPerJob"])
    if "minGranularity" in given:
        given["nEventsPerRange"] = given["minGranularity"]


def set_attributes(draft: Draft, moment: datetime) -> None:
    """Set the columns of a task from its parameters.

    Raises:
        InvalidTask: A parameter is missing, or does not fit its column.
    """
    given = draft.parameters
    for name in OBLIGATORY:
        if name not in given:
            raise InvalidTask(f"{name} is missing")
    row = {name.lower(): given[name] for name in OBLIGATORY}
    row |= {name.lower(): given.get(name, usual) for name, usual in DEFAULTS.items()}
    row |= {column: given[name] for name, column in OPTIONAL.items() if is_given(given, name)}
    row |= _derived(draft, moment)
    empty = {column: None for name, column in EMPTY_UNLESS_GIVEN.items() if name not in given}
    found = {
        name: fitted(COLUMNS[name].type, value) for name, value in row.items() if value is not None
    }
    _check_row({name: value for name, value in found.items() if name != "workinggroup"})
    draft.values = {**empty, **found}


def _derived(draft: Draft, moment: datetime) -> Row:
    given, task = draft.parameters, draft.task
    priority = given["taskPriority"] or 0
    parent = task["parent_tid"]
    row: Row = {
        "attemptnr": 0,
        "starttime": moment,
        "taskpriority": priority,
        "currentpriority": given.get("currentPriority", priority),
        "architecture": encode_architecture(_text_of(given, "architecture")),
        "reqid": given.get("reqID", draft.number),
        "ramunit": given.get("ramUnit", given.get("ramCountUnit")),
        "cloud": given.get("cloud"),
        "site": given.get("site"),
        "eventservice": _event_service(given).value,
        "ttcrequested": _requested_time(given.get("ttcrTimestamp")),
        "goal": _goal(given.get("goal")),
        "parent_tid": None if parent == draft.number else parent,
    }
    if is_given(given, "nJumboJobs"):
        row["usejumbo"] = "W"
    return row


def _text_of(given: Parameters, name: str) -> str | None:
    value = given[name]
    if value is not None and not isinstance(value, str):
        raise InvalidTask(f"{name} has to be text, not {shown(value)}")
    return value


def _event_service(given: Parameters) -> TaskKind:
    if is_given(given, "useJobCloning"):
        return TaskKind.JOB_CLONING
    if is_given(given, "nEventsPerWorker"):
        return TaskKind.EVENT_SERVICE
    return TaskKind.FINE_GRAINED if is_given(given, "fineGrainedProc") else TaskKind.NORMAL


def _requested_time(text: Any) -> datetime | None:
    """Return the time of a text, without its zone; None for other texts."""
    try:
        return datetime.strptime(str(text).split("+")[0], "%Y-%m-%d %H:%M:%S.%f")  # noqa: DTZ007
    except ValueError:
        return None


def _goal(percent: Any) -> int | None:
    """Return the goal per mille; None for more than all, or for no number."""
    try:
        goal = int(float(percent) * 10)
    except (TypeError, ValueError, OverflowError):
        return None
    return goal if goal <= 1000 else None


def _check_row(row: Row) -> None:
    """Check that values fit their columns of JEDI_TASKS.

    Raises:
        InvalidTask: One does not.
    """
    try:
        check_columns(JediTasks, row)
    except InvalidValue as error:
        raise InvalidTask(str(error)) from None


def check_working_group(draft: Draft) -> None:
    """Check the working group at last: if it does not fit, the other columns are set all the same.

    Raises:
        InvalidTask: It does not.
    """
    group = draft.values.pop("workinggroup", None)
    if group is None:
        return
    _check_row({"workinggroup": group})
    draft.values["workinggroup"] = group
