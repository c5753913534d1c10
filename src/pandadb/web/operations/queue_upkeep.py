"""Upkeep of job queues as pages offer it: leases, repairs, groups, events of the outbox."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass

from pandadb.database import Database
from pandadb.errors import InvalidInput
from pandadb.services import queue
from pandadb.services.queue import VerbOptions
from pandadb.web.operations.outcome_texts import OutcomeText
from pandadb.web.operations.parameters import Parameter, number


@dataclass(frozen=True)
class Upkeep:
    """A form of upkeep."""

    name: str
    meaning: str
    act: Callable[[Database, Mapping[str, str], VerbOptions], OutcomeText]
    parameters: tuple[Parameter, ...] = ()


def _reap(database: Database, _: Mapping[str, str], options: VerbOptions) -> OutcomeText:
    done = queue.reap(database, options)
    parts = {"tried again": done.requeued, "failed": done.failed, "cancelled": done.cancelled}
    details = [f"{len(jobs):,} {word}" for word, jobs in parts.items() if jobs]
    steps = [f"{job}:{word}" for word, jobs in parts.items() for job in jobs]
    return _told(done.number, "jobs with an expired lease", details, steps, options)


def _repair(database: Database, _: Mapping[str, str], options: VerbOptions) -> OutcomeText:
    done = queue.repair(database, options)
    found = {name: len(jobs) for name, jobs in asdict(done).items() if jobs}
    details = [f"{many:,} {queue.REPAIRS[name]}" for name, many in found.items()]
    steps = [f"{one}:{name}" for name, some in asdict(done).items() for one in some]
    return _told(done.number, "rows that are out of order", details, steps, options)


def _set_group(database: Database, values: Mapping[str, str], options: VerbOptions) -> OutcomeText:
    most = number(values, "most")
    before = [one.max_running for one in queue.groups(database, values["group"])]
    admitted = queue.set_group(database, values["group"], most, options)
    steps = [f"limit:{before}>{most}", *(f"{job}:admitted" for job in admitted)]
    would = "would run" if options.dry_run else "run"
    words = f"At most {most:,} jobs of group {values['group']} {would} at once"
    return OutcomeText(f"{words}; {len(admitted):,} more are admitted.", steps=steps)


def _send_again(database: Database, values: Mapping[str, str], options: VerbOptions) -> OutcomeText:
    waiting = queue.send_again(database, [number(values, "event")], options)
    if not waiting:
        words = f"Event {values['event']} was sent already, or is unknown."
        return OutcomeText(words, changes=False)
    sentence = f"Event {waiting[0]} is sent by the next run of the outbox."
    return OutcomeText(sentence, steps=[f"{waiting[0]}:sent"])


def _told(
    many: int, words: str, details: list[str], steps: list[str], options: VerbOptions
) -> OutcomeText:
    if not many:
        return OutcomeText(f"There are no {words}: nothing is to be done.", changes=False)
    would = "would be put in order" if options.dry_run else "are put in order"
    return OutcomeText(f"{many:,} {words} {would}.", details, steps=steps)


UPKEEP: Mapping[str, Upkeep] = {
    one.name: one
    for one in (
        Upkeep("reap", "Jobs with expired leases are tried again, cancelled or failed. Workers do "
               "that by themselves.", _reap),
        Upkeep("repair", "Rows of queued jobs are put in order that another program has moved or "
               "ended. Workers do that every five minutes.", _repair),
        Upkeep("set group", "The limit of a group is how many of its jobs run at once; a lower "
               "one ends no job.", _set_group,
               (Parameter("group", "Group", is_required=True),
                Parameter("most", "Limit", "number", "1", is_required=True))),
        Upkeep("send again", "An event that was given up is tried again.", _send_again,
               (Parameter("event", "Event", "number", is_required=True),)),
    )
}  # fmt: skip


def known(name: str) -> Upkeep:
    """Return a form of upkeep by its name.

    Raises:
        InvalidInput: There is none of this name.
    """
    if name not in UPKEEP:
        raise InvalidInput(f"There is no upkeep {name!r}: there are {', '.join(UPKEEP)}")
    return UPKEEP[name]
