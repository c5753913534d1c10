"""The ASGI application: its routes, their shared state, and the protection around them."""

from dataclasses import dataclass

from fastapi import FastAPI
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.staticfiles import StaticFiles

from pandadb.database import Database
from pandadb.web import problems
from pandadb.web.accounts.identities import BySession, Identify, without_accounts
from pandadb.web.api.description import describe_accounts
from pandadb.web.options import WebOptions
from pandadb.web.protection.headers import SecurityHeaders
from pandadb.web.protection.rates import Rates
from pandadb.web.protection.request_limits import RequestLimits
from pandadb.web.protection.variants import RequestVariants
from pandadb.web.recent import RecentValues
from pandadb.web.rendering import FOLDER
from pandadb.web.routes import ROUTERS


@dataclass(frozen=True)
class Web:
    """The shared state of the routes of an application: `request.app.state.web`."""

    database: Database
    options: WebOptions
    identify: Identify
    rates: Rates
    recent: RecentValues
    archive: Database | None = None
    """The other database that is the archive, if there is one."""

    @property
    def has_accounts(self) -> bool:
        """Whether users can have a name and a role."""
        return self.identify is not without_accounts

    @property
    def has_login(self) -> bool:
        """Whether users log in by a form of these pages."""
        return isinstance(self.identify, BySession)


def create_app(
    database: Database,
    options: WebOptions,
    identify: Identify = without_accounts,
    *,
    archive: Database | None = None,
) -> FastAPI:
    """Return the application on a database and its archive, open as long as it serves."""
    app = FastAPI(
        title="pandadb",
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/v1/openapi.json",
        redirect_slashes=False,  # these would be to the name of the server in the request
    )
    app.state.web = Web(database, options, identify, Rates(options), RecentValues(), archive)
    app.mount("/static", StaticFiles(directory=FOLDER / "static"), name="static")
    for router in ROUTERS:
        app.include_router(router)
    if app.state.web.has_login:
        describe_accounts(app)
    problems.register(app)
    _protect(app, options)
    return app


def _protect(app: FastAPI, options: WebOptions) -> None:
    """Surround an application with its protection; the last one added is outermost."""
    app.add_middleware(RequestVariants)
    app.add_middleware(
        RequestLimits,
        max_requests=options.max_requests,
        max_body=options.max_body,
        body_timeout=options.body_timeout,
        send_timeout=options.send_timeout,
    )
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=[*options.hosts], www_redirect=False)
    app.add_middleware(SecurityHeaders, is_secure=options.is_secure)
