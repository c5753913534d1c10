"""Ranges of events, for services and operators. Each function is one transaction."""

from pandadb.core.events.range_ids import RangeID
from pandadb.core.events.refusals import RangeRefusal, RangeRefusalReason
from pandadb.core.events.takes import RangeRequest, TakenRange
from pandadb.services.events.takes import TakeResult, take
from pandadb.services.transaction import VerbOptions

__all__ = [
    "RangeID",
    "RangeRefusal",
    "RangeRefusalReason",
    "RangeRequest",
    "TakeResult",
    "TakenRange",
    "VerbOptions",
    "take",
]
