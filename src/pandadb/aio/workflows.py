"""`pandadb.services.workflows` for asyncio: its functions of a database are coroutines."""

from pandadb.aio.base.mirror import mirror
from pandadb.services import workflows

globals().update(mirror(workflows, __name__))
