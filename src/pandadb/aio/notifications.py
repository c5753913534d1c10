"""`pandadb.services.notifications` for asyncio: its functions of a database are coroutines."""

from pandadb.aio.base.mirror import mirror
from pandadb.services import notifications

globals().update(mirror(notifications, __name__))
