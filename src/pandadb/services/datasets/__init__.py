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
from pandadb.core.tasks.feeds.feed_progress import DatasetFeed, TaskFeed
from pandadb.core.tasks.file_losses import TaskFileLoss
from pandadb.services.datasets.feeds import FeedReport, feed, feed_new
from pandadb.services.datasets.lost_files import lose
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
    "TaskFileLoss",
    "feed",
    "feed_new",
    "lose",
    "read_catalogue",
    "recount",
]
