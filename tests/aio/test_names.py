"""Every name of the services is one of asyncio, and every function of a database a coroutine."""

from __future__ import annotations

from inspect import isasyncgenfunction, isclass, iscoroutinefunction, isfunction, signature

import pytest

from pandadb import aio
from pandadb.aio.base.mirror import is_of_database, public_methods
from pandadb.services import jobs, queue

pytestmark = pytest.mark.any_server

MODULES = {name: getattr(aio, name).MIRRORED for name in aio.__all__ if name.islower()}
NAMES = [(module, name) for module, mirrored in MODULES.items() for name in mirrored.__all__]


def test_the_services_and_the_controller_are_there_with_all_their_names() -> None:
    assert aio.jobs.__all__ == jobs.__all__
    assert aio.queue.__all__ == queue.__all__
    assert is_of_database(MODULES["controller"].JobController)


def test_a_function_of_a_database_is_a_coroutine_and_all_else_is_the_same(
    subtests: pytest.Subtests,
) -> None:
    for module, name in NAMES:
        with subtests.test(f"{module}.{name}"):
            is_mirrored(module, name)


def is_mirrored(module: str, name: str) -> None:
    ours, theirs = getattr(MODULES[module], name), getattr(getattr(aio, module), name)
    if isclass(ours) and is_of_database(ours):
        assert public_methods(theirs).keys() == public_methods(ours).keys()
        for method in public_methods(theirs).values():
            assert iscoroutinefunction(method) or isasyncgenfunction(method)
    elif isfunction(ours) and "database" in signature(ours).parameters:
        assert iscoroutinefunction(theirs) or isasyncgenfunction(theirs)
        assert signature(theirs) == signature(ours)
        assert theirs.__doc__ == ours.__doc__
    else:
        assert theirs is ours


def test_a_generator_is_asynchronous() -> None:
    assert isasyncgenfunction(aio.jobs.iterate)
    assert isasyncgenfunction(aio.tasks.generate_rounds)
