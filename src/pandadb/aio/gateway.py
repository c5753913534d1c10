"""`pandadb.services.gateway` for asyncio: its functions of a database are coroutines."""

from pandadb.aio.base.mirror import mirror
from pandadb.services import gateway

globals().update(mirror(gateway, __name__))
