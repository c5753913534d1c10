"""Sites, queues, tags, the network, and the counts of pilots' requests."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from pandadb.core.sql.validation import InvalidValue
from pandadb.services import sites
from pandadb.services.sites import DumpKind, Part
from tests.compat.families.part import OPTIONS
from tests.compat.families.part import Part as FamilyPart

ALWAYS = timedelta(0)
"""The server writes the time of the last load at each load."""


class Sites(FamilyPart):
    """Sites, queues, tags, the network, and the counts of pilots' requests."""

    def load_sites(  # noqa: PLR0917 - the judge's
        self,
        sites: dict[str, Any],
        endpoints: dict[str, Any],
        queues: dict[str, Any],
        blacklist_write: Sequence[str] = (),
        blacklist_read: Sequence[str] = (),
        exclusions: dict[str, Any] | None = None,
        usage: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        """The configurator: like the server, it takes a set of any size."""
        return _load(
            self,
            {
                DumpKind.SITES: sites,
                DumpKind.DDM_ENDPOINTS: endpoints,
                DumpKind.PANDA_QUEUES: queues,
                DumpKind.BLACKLIST_WRITE: [*blacklist_write],
                DumpKind.BLACKLIST_READ: [*blacklist_read],
                DumpKind.BLACKLIST_FULL: exclusions or {},
                DumpKind.RSE_USAGE: usage or {},
            },
            Part.SITES,
            force=True,
        )

    def load_queues(self, queues: dict[str, Any]) -> dict[str, Any]:
        """The dump of queues: like the server, it refuses none at all, and takes few."""
        dumps = {DumpKind.PANDA_QUEUES: queues}
        return _words(_load(self, dumps, Part.QUEUES, force=bool(queues)))

    def load_tags(self, tags: dict[str, Any]) -> dict[str, Any]:
        """The dump of tags: like the server, it refuses none at all, and takes few."""
        return _words(_load(self, {DumpKind.TAGS: tags}, Part.TAGS, force=bool(tags)))

    def load_network(self, metrics: list[list[Any]]) -> None:
        sites.load_network(self.database, metrics, options=OPTIONS)

    def clean_network(self) -> None:
        sites.clean_network(self.database, options=OPTIONS)

    def count_requests(self, host: str, requests: dict[str, Any], hours: int) -> dict[str, Any]:
        sites.count_requests(self.database, host, requests, hours=hours, options=OPTIONS)
        return {"done": True}

    def count_running(self) -> None:
        sites.count_running(self.database, options=OPTIONS)


def _load(family: Sites, dumps: dict[DumpKind, Any], part: Part, *, force: bool) -> dict[str, Any]:
    try:
        sites.load(
            family.database, dumps, parts=[part], force=force, refresh=ALWAYS, options=OPTIONS
        )
    except InvalidValue as error:
        return {"done": False, "text": str(error)}
    return {"done": True}


def _words(answer: dict[str, Any]) -> dict[str, Any]:
    return answer | {"done": "OK" if answer["done"] else "ERROR"}
