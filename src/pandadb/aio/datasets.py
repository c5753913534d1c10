"""`pandadb.services.datasets` for asyncio: its functions of a database are coroutines."""

from pandadb.aio.base.mirror import mirror
from pandadb.services import datasets

globals().update(mirror(datasets, __name__))
