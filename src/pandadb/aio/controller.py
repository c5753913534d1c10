"""`pandadb.controller` for asyncio: the methods of its `JobController` are coroutines."""

from pandadb import controller
from pandadb.aio.base.mirror import mirror

globals().update(mirror(controller, __name__))
