"""`pandadb.services.sites` for asyncio: its functions of a database are coroutines."""

from pandadb.aio.base.mirror import mirror
from pandadb.services import sites

globals().update(mirror(sites, __name__))
