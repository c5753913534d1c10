"""`pandadb.services.queue` for asyncio: its functions of a database are coroutines."""

from pandadb.aio.base.mirror import mirror
from pandadb.services import queue

globals().update(mirror(queue, __name__))
