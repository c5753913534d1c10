"""The one class that all errors of pandadb are."""


class PandaDBError(Exception):
    """Base of every error that pandadb raises on purpose: what was wrong, and what to do."""
