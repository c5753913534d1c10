"""`pandadb.services.statistics` for asyncio: its functions of a database are coroutines."""

from pandadb.aio.base.mirror import mirror
from pandadb.services import statistics

globals().update(mirror(statistics, __name__))
