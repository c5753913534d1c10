"""`pandadb.services.applications` for asyncio: its functions of a database are coroutines."""

from pandadb.aio.base.mirror import mirror
from pandadb.services import applications

globals().update(mirror(applications, __name__))
