"""`pandadb.services.tasks` for asyncio: its functions of a database are coroutines."""

from pandadb.aio.base.mirror import mirror
from pandadb.services import tasks

globals().update(mirror(tasks, __name__))
