"""pandadb: the PanDA database as a Python package."""
