"""Applications: programs that users start by a form, as jobs of queues."""

from pandadb.services.applications.declarations import (
    Application,
    InvalidApplications,
    Parameter,
    read_applications,
)
from pandadb.services.applications.inputs import InvalidInputs
from pandadb.services.applications.results import (
    Result,
    ResultNotFound,
    ResultPage,
    find_own,
    get_result,
)
from pandadb.services.applications.submission import submit

__all__ = [
    "Application",
    "InvalidApplications",
    "InvalidInputs",
    "Parameter",
    "Result",
    "ResultNotFound",
    "ResultPage",
    "find_own",
    "get_result",
    "read_applications",
    "submit",
]
