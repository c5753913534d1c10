"""Routers of routes for a role: each route of the application belongs to one of them."""

from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Request
from pydantic import BaseModel

from pandadb.web.accounts import bearer
from pandadb.web.accounts.csrf import check_token
from pandadb.web.accounts.users import Role, User, identified
from pandadb.web.protection.query_names import check_names


def user_of(request: Request) -> User:
    """Return the user of a request."""
    return identified(request)


class Problem(BaseModel):
    """An error of the API."""

    error: str
    """The problem, as a sentence."""
    id: str
    """Names the line of the log."""


CurrentUser = Annotated[User, Depends(user_of)]


class Requires:
    """A dependency of routes that are for a role only."""

    def __init__(self, role: Role) -> None:
        self.role = role

    def __call__(self, request: Request, user: CurrentUser) -> None:
        """Refuse users without the role.

        Raises:
            HTTPException: 401 for a person without an account, else 403; 429 for too many tokens
                that are none.
        """
        if user.role >= self.role:
            return
        if user.name or not request.app.state.web.has_accounts:
            raise HTTPException(403, f"This is for the role {self.role.name.lower()}.")
        if not request.app.state.web.has_login:
            raise HTTPException(401, "Log in first.")
        if bearer.token_in(request) is not None:
            request.app.state.web.rates.count_token(request)
        raise bearer.refusal(request)


def pages_for(role: Role) -> APIRouter:
    """Return a router of pages; changes by forms need the token of the form."""
    return APIRouter(
        dependencies=[Depends(Requires(role)), Depends(check_token)], include_in_schema=False
    )


def api_for(role: Role) -> APIRouter:
    """Return a router of the API below `/api/v1`."""
    return APIRouter(
        prefix="/api/v1",
        dependencies=[Depends(Requires(role)), Depends(check_token), Depends(check_names)],
        responses={"4XX": {"model": Problem}, "5XX": {"model": Problem}},
    )
