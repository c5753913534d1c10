"""Names that a property of a job may have: queues, and configurations in CONFIG."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import any_, exists, literal, or_, select

from pandadb.errors import InvalidInput
from pandadb.models import Config, SchedconfigJSON, Worker

if TYPE_CHECKING:
    from pandadb.core.sql.transaction import Transaction

CONFIG, SITE, WORKER = (model.__table__.c for model in (Config, SchedconfigJSON, Worker))
APP, COMPONENT = "pandadb", "exec_config"
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
