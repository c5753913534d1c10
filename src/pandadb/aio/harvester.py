"""`pandadb.services.harvester` for asyncio: its functions of a database are coroutines."""

from pandadb.aio.base.mirror import mirror
from pandadb.services import harvester

globals().update(mirror(harvester, __name__))
