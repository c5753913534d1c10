"""Conditions on jobs in the query of an address, the same for pages and the API."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from pandadb.services import jobs

EMPTY_AS_NONE = BeforeValidator(lambda value: None if value == "" else value)
"""A form sends its empty fields, too."""

Text = Annotated[str | None, EMPTY_AS_NONE]
Number = Annotated[int | None, EMPTY_AS_NONE]
Time = Annotated[datetime | None, EMPTY_AS_NONE]


class JobQuery(BaseModel):
    """Conditions, order and page of jobs; other names are refused."""

    model_config = ConfigDict(extra="forbid")

    jobstatus: Text = Field(None, description="A state, or several separated by commas")
    computingsite: Text = Field(None, description="A site; * stands for any characters")
    jeditaskid: Number = None
    produsername: Text = None
    prodsourcelabel: Text = None
    gshare: Text = None
    since: Time = Field(None, description="Earliest time of the last change, UTC")
    until: Time = Field(None, description="First time that is too late, UTC")
    errorcode: Text = Field(None, description="pilot=1305, or 1305 of any component")
    errortext: Text = Field(None, description="A regular expression")
    archive: bool = Field(False, description="Whether jobs of the archive are found, too")
    order: str = "pandaid"
    descending: bool = True
    limit: int = Field(50, ge=1, le=1000)
    after: Text = Field(None, description="Cursor of the page before")
    format: str = "html"

    def filter(self) -> jobs.Filter:
        """Return the conditions as a filter.

        Raises:
            InvalidInput: A value does not fit its column; an unknown state.
        """
        states = [one.strip() for one in (self.jobstatus or "").split(",") if one.strip()]
        return jobs.Filter(
            jobstatus=states or None,
            computingsite=self.computingsite,
            jeditaskid=self.jeditaskid,
            produsername=self.produsername,
            prodsourcelabel=self.prodsourcelabel,
            gshare=self.gshare,
            since=_naive(self.since),
            until=_naive(self.until),
            errorcode=self.errorcode,
            errortext=self.errortext,
            archive=self.archive,
        )


def _naive(moment: datetime | None) -> datetime | None:
    """Return a time as PanDA stores it: UTC without a time zone."""
    if moment is None or moment.tzinfo is None:
        return moment
    return moment.astimezone(UTC).replace(tzinfo=None)
