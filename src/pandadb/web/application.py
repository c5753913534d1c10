"""The ASGI application: its routes, and what they share."""

from collections.abc import Callable
from dataclasses import dataclass

from fastapi import FastAPI, Request
from starlette.staticfiles import StaticFiles

from pandadb.database import Database
from pandadb.web import problems
from pandadb.web.accounts.users import Role, User
from pandadb.web.options import WebOptions
from pandadb.web.rendering import FOLDER
from pandadb.web.routes import ROUTERS

Identify = Callable[[Request], User]
"""Returns the user of a request."""


@dataclass(frozen=True)
class Web:
    """What the routes of an application share: `request.app.state.web`."""

    database: Database
    options: WebOptions
    identify: Identify


def without_accounts(_: Request) -> User:
    """Return the user of pages without accounts, who reads everything."""
    return User(None, Role.READER)


def create_app(
    database: Database, options: WebOptions, identify: Identify = without_accounts
) -> FastAPI:
    """Return the application on a database, which stays open as long as it serves."""
    app = FastAPI(
        title="pandadb", docs_url=None, redoc_url=None, openapi_url="/api/v1/openapi.json"
    )
    app.state.web = Web(database, options, identify)
    app.mount("/static", StaticFiles(directory=FOLDER / "static"), name="static")
    for router in ROUTERS:
        app.include_router(router)
    problems.register(app)
    return app
