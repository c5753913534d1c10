"""Tasks submitted, taken and refined."""

from __future__ import annotations

from typing import Any

from pandadb.core.tasks.requesters import Requester
from pandadb.core.tasks.submission.requests import SubmissionCode
from pandadb.errors import InvalidInput
from pandadb.services.tasks import submission
from tests.compat.families.part import OPTIONS, Part

DN = "/DC=ch/DC=cern/OU=Users/CN="
FAILED = 4
"""The server's code for parameters that it cannot take."""


class Submission(Part):
    """Tasks submitted, taken and refined."""

    taken: list[int]

    def submit_task(
        self, params: dict[str, Any], user: str, production_role: bool, parent: int | None = None
    ) -> dict[str, Any]:
        """A request; the server has `False` as the code for a user who is disabled."""
        requester = Requester(DN + user, production_role)
        try:
            answer = submission.submit(
                self.database, params, requester=requester, parent=parent, options=OPTIONS
            )
        except InvalidInput as error:
            return {"code": FAILED, "text": str(error)}
        code = False if answer.code is SubmissionCode.BANNED else int(answer.code)
        return {"code": code, "text": answer.text}

    def take_tasks(self, vo: str, label: str) -> dict[str, Any]:
        """Tasks are taken over."""
        self.taken = submission.take(self.database, vo, label, options=OPTIONS)
        return {"tasks": self.taken}

    def refine_tasks(self) -> None:
        """The tasks just taken are refined."""
        submission.refine(self.database, self.taken, options=OPTIONS)
