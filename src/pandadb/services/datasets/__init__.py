"""Datasets of tasks: files fed, files lost, counters repaired."""

from pandadb.core.datasets.catalogue import (
    Catalogue,
    CatalogueError,
    CatalogueFile,
    JsonCatalogue,
    Listing,
    read_catalogue,
)
from pandadb.core.datasets.recounts import Miscount
from pandadb.core.tasks.feeds import DatasetFeed, TaskFeed
from pandadb.services.datasets.feeds import FeedReport, feed
from pandadb.services.datasets.recounts import recount

__all__ = [
    "Catalogue",
    "CatalogueError",
    "CatalogueFile",
    "DatasetFeed",
    "FeedReport",
    "JsonCatalogue",
    "Listing",
    "Miscount",
    "TaskFeed",
    "feed",
    "read_catalogue",
    "recount",
]
