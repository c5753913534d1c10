"""Dependencies of routes: the database and the options of their application."""

from typing import Annotated

from fastapi import Depends, Request

from pandadb.database import Database
from pandadb.web.options import WebOptions


def database_of(request: Request) -> Database:
    """Return the database of the application."""
    database: Database = request.app.state.web.database
    return database


def options_of(request: Request) -> WebOptions:
    """Return the options of the application."""
    options: WebOptions = request.app.state.web.options
    return options


TheDatabase = Annotated[Database, Depends(database_of)]
Options = Annotated[WebOptions, Depends(options_of)]
