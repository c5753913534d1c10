"""`pandadb.services.errors` for asyncio: its functions of a database are coroutines."""

from pandadb.aio.base.mirror import mirror
from pandadb.services import errors

globals().update(mirror(errors, __name__))
