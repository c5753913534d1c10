"""Workers: reports of Harvester and of pilots."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pandadb.core.harvester import pilot_states, worker_counts, worker_updates
from pandadb.core.harvester.commands.command_queue import HarvesterCommand, send
from pandadb.core.harvester.credentials import mask_text
from pandadb.core.harvester.instances import check_instance
from pandadb.core.harvester.worker_reports import read_reports
from pandadb.services.harvester.masked import masked
from pandadb.services.transaction import DEFAULT_OPTIONS, VerbOptions, transaction

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pandadb.core.harvester.pilot_states import PilotState
    from pandadb.core.harvester.worker_updates import WorkerUpdates
    from pandadb.database import Database


def update_workers(
    database: Database,
    harvester: str,
    reports: Iterable[Mapping[str, Any]],
    *,
    options: VerbOptions = DEFAULT_OPTIONS,
) -> WorkerUpdates:
    """Write Harvester's reports on workers, one or ten thousand, in one statement.

    A report is a dict with Harvester's names: `workerID`, `status`, `nCore` … and `pandaid_list`,
    `syncLevel`, `lastUpdate`. One that cannot be written is refused with its reason, the others are
    written. A report that is older than the newest one on its worker, in the worker's own time
    `lastUpdate`, changes nothing; without that time a report is of now.

    Raises:
        InvalidValue: The name of the instance does not fit.
    """
    check_instance(harvester)
    given = read_reports(reports)
    with masked(database, options) as connection:
        done = worker_updates.write(connection, harvester, given)
    done.refused = {place: mask_text(why) for place, why in sorted(done.refused.items())}
    return done


def note_pilots(
    database: Database,
    harvester: str,
    states: Iterable[PilotState],
    *,
    options: VerbOptions = DEFAULT_OPTIONS,
) -> list[int]:
    """Note the states of workers of an instance as their pilots report them.

    Return the workers that are known; reports on others are ignored.

    Raises:
        InvalidValue: A value does not fit its column; nothing was changed.
    """
    with transaction(database, options) as connection:
        return pilot_states.note(connection, harvester, [*states])


@dataclass(frozen=True)
class Synchronised:
    """Workers of one instance, and the command to catch up with them."""

    harvester: str
    command: str
    command_id: int | None
    workers: list[int]


def synchronise(
    database: Database, *, options: VerbOptions = DEFAULT_OPTIONS
) -> list[Synchronised]:
    """Command Harvester to catch up with workers whose pilots have reported more than it has.

    These started or ended an hour ago or longer by their pilots. A worker is found again after half
    an hour. Each instance gets one command with all its workers: a second one would replace it.
    """
    with transaction(database, options) as connection:
        behind = pilot_states.take_behind(connection)
        commands = [
            HarvesterCommand(harvester, pilot_states.SYNC_COMMANDS[status], workers, ack=False)
            for (harvester, status), workers in behind.items()
        ]
        numbers = send(connection, commands)
    return [
        Synchronised(one.harvester, one.command, number, one.params)
        for one, number in zip(commands, numbers, strict=True)
    ]


def report_counts(
    database: Database,
    harvester: str,
    counts: Mapping[str, Any],
    *,
    options: VerbOptions = DEFAULT_OPTIONS,
) -> dict[str, str]:
    """Replace the numbers of workers of queues, each by job type, resource type and state.

    Return the reasons of queues that are refused: an invalid report; or, unless `options.lock` is
    WAIT, numbers that another transaction writes.

    Raises:
        InvalidValue: The name of the instance does not fit.
    """
    check_instance(harvester)
    with transaction(database, options) as connection:
        refused = worker_counts.report(connection, harvester, counts, options.lock)
    return {queue: mask_text(why) for queue, why in refused.items()}


def count_workers(
    database: Database, harvester: str, *, options: VerbOptions = DEFAULT_OPTIONS
) -> int:
    """Count the workers of an instance that have not ended, in place of its reported numbers.

    Return the number of rows of HARVESTER_WORKER_STATS.

    Raises:
        InvalidValue: The name of the instance does not fit.
    """
    check_instance(harvester)
    with transaction(database, options) as connection:
        return worker_counts.count(connection, harvester)


def worker_counts_of(
    database: Database,
) -> dict[str, dict[str, dict[str, dict[str, dict[str, int]]]]]:
    """Return the numbers of workers that were reported in the last four hours.

    By queue, instance, job type, resource type and state.
    """
    with transaction(database, DEFAULT_OPTIONS) as connection:
        return worker_counts.read(connection)
