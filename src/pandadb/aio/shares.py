"""`pandadb.services.shares` for asyncio: its functions of a database are coroutines."""

from pandadb.aio.mirror import mirror
from pandadb.services import shares

globals().update(mirror(shares, __name__))
