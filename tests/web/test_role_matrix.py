"""Roles and routes, made from the router: no route is without a role, none is for less than it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from fastapi.routing import APIRoute

from pandadb.web.accounts import csrf
from pandadb.web.accounts.roles import Requires
from pandadb.web.accounts.users import Role
from pandadb.web.routes import ROUTERS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.web.browsers import Browser

pytestmark = pytest.mark.any_server
ROUTES = [route for router in ROUTERS for route in router.routes]


def dependencies(route: APIRoute) -> list[object]:
    return [one.dependency for one in route.dependencies]


def role_of(route: APIRoute) -> Role:
    (found,) = (one for one in dependencies(route) if isinstance(one, Requires))
    return found.role


def test_each_route_has_one_role_and_checks_tokens() -> None:
    assert ROUTES
    for route in ROUTES:
        assert isinstance(route, APIRoute), route
        assert role_of(route) in Role, route.path
        assert csrf.check_token in dependencies(route), route.path


def test_changes_are_for_operators_or_open_to_all_on_purpose() -> None:
    open_ = {route.path for route in ROUTES if changes(route) and role_of(route) < Role.OPERATOR}
    assert open_ <= {"/login", "/logout", "/submit/{name}", "/my-jobs/forget"}


def changes(route: APIRoute) -> bool:
    return not route.methods <= {*csrf.SAFE_METHODS}


def calls() -> Iterator[tuple[str, str, Role]]:
    """Yield the methods and paths of all routes; that which ends a session is the last one."""
    for route in sorted(ROUTES, key=lambda one: one.path == "/logout"):
        path = re.sub(r"\{\w+(:\w+)?\}", "1", route.path)
        for method in sorted(route.methods):
            yield method, path, role_of(route)


@pytest.mark.parametrize("role", Role, ids=lambda role: role.name.lower())
def test_routes_answer_their_roles_only(client_of: Callable[[Role], Browser], role: Role) -> None:
    browser = client_of(role)
    for method, path, required in calls():
        token = browser.token("/static-page-that-is-not-there")  # a log-out ends the one before
        answer = browser.request(method, path, headers={csrf.HEADER: token})
        refused = answer.status_code in (401, 403)
        assert refused == (role < required), (method, path, answer.status_code)
        assert answer.status_code < 500, (method, path, answer.text)


def test_no_change_without_the_token_of_the_form(client_of: Callable[[Role], Browser]) -> None:
    browser = client_of(Role.OPERATOR)
    browser.token("/static-page-that-is-not-there")
    for method, path, _ in calls():
        if method in csrf.SAFE_METHODS:
            continue
        for token in ("", "0" * 64):
            answer = browser.request(method, path, headers={csrf.HEADER: token})
            assert answer.status_code == 403, (method, path)
            assert "The form has expired" in answer.text
