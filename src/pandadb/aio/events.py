"""`pandadb.services.events` for asyncio: its functions of a database are coroutines."""

from pandadb.aio.base.mirror import mirror
from pandadb.services import events

globals().update(mirror(events, __name__))
