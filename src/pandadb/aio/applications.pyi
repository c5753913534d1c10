# Written from the functions of `pandadb.services.applications` by `pandadb docs stubs`.

from collections.abc import Mapping
from pathlib import Path

from pandadb.aio.base.database import AsyncDatabase
from pandadb.services.applications import (
    Application,
    InvalidApplications,
    InvalidInputs,
    Parameter,
    Result,
    ResultNotFound,
    ResultPage,
    read_applications,
)
from pandadb.services.transaction import VerbOptions

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

async def find_own(
    database: AsyncDatabase,
    submitter: str,
    *,
    application: str | None = None,
    limit: int = 50,
    after: str | None = None,
) -> ResultPage:
    """Return a page of the jobs of a submitter, or of those of an application among them.

    A cursor is a public id (keyset pagination).

    Raises:
        InvalidValue: `limit` is not from 1 to 1,000, or `after` is no job of the submitter.
    """

async def get_result(
    database: AsyncDatabase,
    public_id: str,
    *,
    archive: AsyncDatabase | None = None,
    exports: Path | None = None,
) -> Result:
    """Return the result of a job of an application by its public id.

    A job that this database lacks is looked up in `archive`, another database to which days are
    copied, and then in `exports`, a folder of exported months.

    Raises:
        ResultNotFound: There is none, or all of these lack its job.
    """

async def submit(
    database: AsyncDatabase,
    application: Application,
    inputs: Mapping[str, str],
    *,
    address: str,
    submitter: str,
    results_url: str = ...,
    options: VerbOptions = ...,
) -> str:
    """Submit a job of an application; return its public id.

    The job keeps its application's rules for results and mails, so a later change of the
    declaration leaves it as it is. A mail is sent at its end, with a link below `results_url`.

    Args:
        database: The database.
        application: The application.
        inputs: The values of its parameters, as texts of a form.
        address: The mail address of the user.
        submitter: The key of the user's own jobs.
        results_url: The address of results, to which the public id is added.
        options: Options of the transaction.

    Raises:
        InvalidInputs: A value is not allowed, or there is no address. Nothing is stored.
        InvalidValue: The declared program cannot be a job.
    """
