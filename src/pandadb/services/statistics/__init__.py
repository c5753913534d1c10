"""Statistics: refreshed for cron, their age, and the page of a monitor that reads them."""

from pandadb.core.statistics.catalog import UnknownStatistics, chosen
from pandadb.core.statistics.refreshes import Refresh
from pandadb.core.statistics.site_states import SiteState
from pandadb.services.statistics.refreshes import Refreshed, refresh
from pandadb.services.statistics.site_states import SiteStates, site_states
from pandadb.services.statistics.status import StatisticsStatus, status
from pandadb.services.transaction import VerbOptions

__all__ = [
    "Refresh",
    "Refreshed",
    "SiteState",
    "SiteStates",
    "StatisticsStatus",
    "UnknownStatistics",
    "VerbOptions",
    "chosen",
    "refresh",
    "site_states",
    "status",
]
