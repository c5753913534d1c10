"""Every name of the services is one of asyncio, and every function of a database a coroutine."""

from __future__ import annotations

from importlib import import_module
from inspect import isasyncgenfunction, iscoroutinefunction, isfunction, signature

import pytest

from pandadb import aio

pytestmark = pytest.mark.any_server

MODULES = [name for name in aio.__all__ if name.islower()]
NAMES = [
    (module, name)
    for module in MODULES
    for name in import_module(f"pandadb.services.{module}").__all__
]


def pair(module: str, name: str) -> tuple[object, object]:
    return (
        getattr(import_module(f"pandadb.services.{module}"), name),
        getattr(import_module(f"pandadb.aio.{module}"), name),
    )


def test_jobs_are_there_with_all_their_names() -> None:
    assert "jobs" in MODULES
    assert aio.jobs.__all__ == import_module("pandadb.services.jobs").__all__


@pytest.mark.parametrize(("module", "name"), NAMES)
def test_a_function_of_a_database_is_a_coroutine_and_all_else_is_the_same(
    module: str, name: str
) -> None:
    ours, theirs = pair(module, name)
    if isfunction(ours) and "database" in signature(ours).parameters:
        assert iscoroutinefunction(theirs) or isasyncgenfunction(theirs)
        assert signature(theirs) == signature(ours)
        assert theirs.__doc__ == ours.__doc__
    else:
        assert theirs is ours


def test_a_generator_is_asynchronous() -> None:
    assert isasyncgenfunction(aio.jobs.iterate)
    assert isasyncgenfunction(aio.tasks.generate_rounds)
