"""The rows of sequences in WORKFLOWS: a new one, one that goes on, one to be cancelled."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select, update

from pandadb.core.sql.expressions import now
from pandadb.core.sql.validation import check_columns
from pandadb.core.workflows import leases, transitions
from pandadb.core.workflows.states import OPEN, SEQUENCES
from pandadb.errors import PandaDBError
from pandadb.models import Workflows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Row

    from pandadb.core.sql.transaction import Transaction
    from pandadb.core.workflows.leases import SequenceLease

WORKFLOW = Workflows.__table__.c
RESUMABLE = SEQUENCES.steps("resume")[0].sources
MAX_NAME = 256


class SequenceNotFound(PandaDBError):
    """A sequence that WORKFLOWS does not have."""


class SequenceNotAllowed(PandaDBError):
    """The state of a sequence forbids the verb."""


class SequenceLocked(SequenceNotAllowed):
    """Another process runs the sequence."""


@dataclass(frozen=True)
class NewSequence:
    """A sequence that begins.

    Raises:
        InvalidValue: The user does not fit its column.
    """

    path: str
    """The path of its file, absolute."""
    text: str
    username: str
    options: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_columns(Workflows, {"username": self.username})

    @property
    def name(self) -> str:
        """Return the name of the file; bytes that are not UTF-8 become question marks."""
        name = self.path.rpartition("/")[2].encode(errors="replace").decode()
        return name[:MAX_NAME] or OPEN

    @property
    def key(self) -> str:
        """Return a digest of file, text and user: two sequences with the same are the same."""
        words = "\0".join((self.username, self.path, self.text))
        return hashlib.sha256(words.encode(errors="surrogatepass")).hexdigest()[:32]


def insert_row(
    session: Transaction, new: NewSequence, owner: str, parameters: Mapping[str, Any]
) -> int:
    """Insert a sequence that runs; return its number."""
    row = {
        "name": new.name,
        "status": OPEN,
        "prodsourcelabel": OPEN,
        "username": new.username,
        "locked_by": owner,
        "raw_request_json": {"key": new.key, "path": new.path, "options": dict(new.options)},
        "definition_json": new.text,
        "parameters": dict(parameters),
        **dict.fromkeys(
            ("creation_time", "start_time", "modification_time", "check_time", "lock_time"), now()
        ),
    }
    statement = insert(Workflows.__table__).values(row).returning(WORKFLOW.workflow_id)
    number: int = session.execute(statement).scalar_one()
    return number


def of_key(session: Transaction, new: NewSequence, *, is_open: bool) -> Sequence[int]:
    """Return the numbers of the sequences of a user's file with this text, the newest first.

    With `is_open` those that have not ended: a file may have thousands of others.
    """
    mine = [
        WORKFLOW.prodsourcelabel == OPEN,
        WORKFLOW.username == new.username,
        WORKFLOW.name == new.name,
    ]
    if is_open:
        mine += [WORKFLOW.status == OPEN]
    rows = select(WORKFLOW.workflow_id, WORKFLOW.raw_request_json).where(*mine)
    found = session.execute(rows.order_by(WORKFLOW.workflow_id.desc()))
    return [number for number, request in found if request.get("key") == new.key]


def lock(session: Transaction, workflow_id: int) -> Row[Any]:
    """Lock a sequence; return its row.

    Raises:
        SequenceNotFound: There is none with this number.
    """
    chosen = (
        select(*WORKFLOW, leases.is_live().label("is_live"))
        .where(WORKFLOW.workflow_id == workflow_id, WORKFLOW.prodsourcelabel == OPEN)
        .with_for_update()
    )
    row: Row[*tuple[Any, ...]] | None = session.execute(chosen).one_or_none()
    if row is None:
        raise not_found(workflow_id)
    return row


def not_found(workflow_id: int) -> SequenceNotFound:
    """Return the error of a sequence that there is not."""
    return SequenceNotFound(f"There is no sequence {workflow_id}: see pandadb sequence list")


def resume(session: Transaction, row: Row[Any], owner: str, parameters: Mapping[str, Any]) -> None:
    """Give a locked sequence without a live lease a new owner.

    Raises:
        SequenceNotAllowed: It has run to its end.
    """
    if row.status not in RESUMABLE:
        raise SequenceNotAllowed(f"Sequence {row.workflow_id} is {row.status}: it has ended")
    values = {"locked_by": owner, "parameters": dict(parameters)}
    transitions.carry(session, "resume", [row.workflow_id], values=values)


def set_parameters(session: Transaction, row: Row[Any], **parameters: Any) -> None:
    """Set parameters of a locked sequence beside those that it has."""
    chosen = update(Workflows.__table__).where(WORKFLOW.workflow_id == row.workflow_id)
    session.execute(chosen.values(parameters={**(row.parameters or {}), **parameters}))


def request_cancel(session: Transaction, row: Row[Any], by: str) -> None:
    """Ask the process that runs a locked sequence to end it: it sees that in its parameters."""
    at = session.execute(select(now())).scalar_one()
    set_parameters(session, row, cancel_requested_at=at.isoformat(), cancel_requested_by=by)


def end(session: Transaction, lease: SequenceLease, verb: str, message: str | None = None) -> None:
    """End a sequence by its lease.

    Raises:
        SequenceLeaseLost: The lease is lost.
    """
    row = lock(session, lease.workflow_id)
    (step,) = SEQUENCES.steps(verb)
    ended_by = (row.parameters or {}).get("ended_by")
    if row.status == step.target and ended_by == lease.owner:
        return  # by an attempt whose commit was not confirmed
    set_parameters(session, row, error=message, ended_by=lease.owner)
    if not transitions.carry(session, verb, [lease.workflow_id], owner=lease.owner):
        raise leases.lost(lease.workflow_id)
