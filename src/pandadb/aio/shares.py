"""`pandadb.services.shares` for asyncio: its functions of a database are coroutines."""

from pandadb.aio.base.mirror import mirror
from pandadb.services import shares

globals().update(mirror(shares, __name__))
