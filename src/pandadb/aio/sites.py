"""`pandadb.services.sites` for asyncio: its functions of a database are coroutines."""

from pandadb.aio.mirror import mirror
from pandadb.services import sites

globals().update(mirror(sites, __name__))
