"""`pandadb archive`: one module per command, on one database or two."""
