"""Parts of the modules of asyncio: a database to await, and the mirror of a module."""
