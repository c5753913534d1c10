"""`pandadb.services.jobs` for asyncio: its functions of a database are coroutines."""

from pandadb.aio.base.mirror import mirror
from pandadb.services import jobs

globals().update(mirror(jobs, __name__))
