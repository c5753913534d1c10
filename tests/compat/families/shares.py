"""Global shares and work queues."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pandadb.core.shares import resource_types, tree, work_queues
from pandadb.core.shares.matching import ShareMatcher
from pandadb.services import shares
from tests.compat.families.part import OPTIONS, Part

if TYPE_CHECKING:
    from pandadb.core.shares.tree import Share

TASK_ATTRIBUTES = ("prodsourcelabel", "workinggroup", "processingtype", "corecount", "site",
    "eventservice", "splitrule", "campaign")  # fmt: skip
OK, NO_LEAF = 0, 1
"""The server's codes of a reassignment."""


class Shares(Part):
    """Global shares and work queues."""

    def share_of_task(self, attributes: dict[str, Any]) -> dict[str, Any]:
        matcher, rtype = self._matcher(attributes.get("site"))
        return {"share": matcher.share_of_task({**attributes, "rtype": rtype})}

    def share_of_job(self, attributes: dict[str, Any]) -> dict[str, Any]:
        matcher, rtype = self._matcher(attributes.get("computingsite"))
        return {"share": matcher.share_of_job({**attributes, "rtype": rtype})}

    def _matcher(self, sites: str | None) -> tuple[ShareMatcher, str | None]:
        site = resource_types.first_site(sites)
        with self.database.transaction() as connection:
            matcher = ShareMatcher(tree.leaves(connection))
            return matcher, resource_types.of_queues(connection, [site]).get(site)

    def queue_of_task(self, vo: str, label: str, attributes: dict[str, Any]) -> dict[str, Any]:
        named = {name.lower(): value for name, value in attributes.items()}
        task = {**dict.fromkeys(TASK_ATTRIBUTES), **named, "vo": vo, "prodsourcelabel": label}
        with self.database.transaction() as connection:
            queue = work_queues.queue_of(task, work_queues.work_queues(connection))
        return {"queue": queue and queue.name}

    def share_tree(self) -> dict[str, Any]:
        found = shares.tree(self.database).tree
        leaves = sorted((leaf.name, round(leaf.percent, 6)) for leaf in found.leaves())
        return {"leaves": [[*leaf] for leaf in leaves], "tree": _names(found.root)}

    def share_status(self) -> dict[str, Any]:
        return {
            "shares": [
                {
                    "name": name,
                    "running": power.executing,
                    "target": power.target,
                    "queuing": power.queued,
                }
                for name, power in shares.rank(self.database).items()
            ]
        }

    def reassign_share(self, tasks: list[int], share: str, running: bool) -> dict[str, Any]:
        try:
            shares.reassign(self.database, tasks, share, OPTIONS, running=running)
        except shares.UnknownShare as error:
            return {"code": NO_LEAF, "text": str(error)}
        return {"code": OK}


def _names(share: Share) -> dict[str, Any] | None:
    return {child.name: _names(child) for child in share.children} or None
