"""The classes that all errors of pandadb are."""


class PandaDBError(Exception):
    """Base of every error that pandadb raises on purpose: what was wrong, and what to do."""


class InvalidInput(PandaDBError):
    """Base of what cannot be as it was given: a value, a file, a setting. Nothing was changed.

    The command line ends with exit code 2 then, as for an unknown option.
    """
