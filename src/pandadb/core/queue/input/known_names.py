"""Names that a property of a job may have: queues, and configurations in CONFIG."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sqlalchemy import any_, exists, literal, or_, select
from sqlalchemy.dialects.postgresql import insert

from pandadb.core.sql.validation import check_columns
from pandadb.errors import InvalidInput
from pandadb.models import Config, SchedconfigJSON, Worker

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pandadb.core.sql.transaction import Transaction

CONFIG, SITE, WORKER = (model.__table__.c for model in (Config, SchedconfigJSON, Worker))
APP, COMPONENT, VO = "pandadb", "exec_config", "pandadb"
"""Where CONFIG has the configurations that have a name."""


class UnknownQueue(InvalidInput):
    """No worker takes jobs of that queue, and no site has it."""


class UnknownExecConfig(InvalidInput):
    """CONFIG has no configuration of that name."""


def check_queue(session: Transaction, queue: str) -> None:
    """See that a worker takes jobs of a queue, or that a site has it.

    Raises:
        UnknownQueue: Neither does.
    """
    taken = exists().where(literal(queue) == any_(WORKER.queues))
    known = or_(taken, exists().where(SITE.panda_queue == queue))
    if not session.scalar(select(known)):
        raise UnknownQueue(f"There is no queue {queue!r}: no worker and no site has it")


def check_exec_config(session: Transaction, name: str) -> None:
    """See that CONFIG has a configuration.

    Raises:
        UnknownExecConfig: It has none of that name.
    """
    named = CONFIG.app == APP, CONFIG.component == COMPONENT, CONFIG.key == name
    if not session.scalar(select(exists().where(*named))):
        where = f"CONFIG has none with app {APP}, component {COMPONENT} and that key"
        raise UnknownExecConfig(f"There is no configuration {name!r}: {where}")


def store_exec_config(session: Transaction, name: str, value: Mapping[str, Any]) -> None:
    """Store a configuration under a name, instead of the one that has it.

    Raises:
        InvalidValue: The name or the value, as JSON, does not fit its column.
    """
    own = {"app": APP, "component": COMPONENT, "key": name, "vo": VO}
    row = {"value": json.dumps({**value}), "type": "json", "descr": "Execution of queued jobs"}
    check_columns(Config, {**own, **row})
    new = insert(Config.__table__).values({**own, **row})
    session.execute(new.on_conflict_do_update(index_elements=[*own], set_=row))
