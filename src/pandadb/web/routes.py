"""All routers of the application."""

from pandadb.web.api import archive as archive_api
from pandadb.web.api import jobs as jobs_api
from pandadb.web.api import monitoring
from pandadb.web.api import queues as queues_api
from pandadb.web.api import sites as sites_api
from pandadb.web.api import tasks as tasks_api
from pandadb.web.pages import (
    applications,
    archive,
    harvester,
    login,
    overview,
    partitions,
    queues,
    results,
    shares,
    sites,
    workers,
)
from pandadb.web.pages.jobs import files as job_files
from pandadb.web.pages.jobs import graph as job_graph
from pandadb.web.pages.jobs import job
from pandadb.web.pages.jobs import lists as job_lists
from pandadb.web.pages.jobs import verbs as job_verbs
from pandadb.web.pages.tasks import commands as task_commands
from pandadb.web.pages.tasks import lists as task_lists
from pandadb.web.pages.tasks import task

ROUTERS = (
    login.anyone,
    overview.reading,
    job_lists.reading,
    job_verbs.operating,
    job.reading,
    job_files.reading,
    job_graph.reading,
    task_lists.reading,
    task.reading,
    task_commands.operating,
    workers.reading,
    workers.operating,
    queues.reading,
    queues.operating,
    archive.reading,
    partitions.reading,
    shares.reading,
    sites.reading,
    harvester.reading,
    jobs_api.reading,
    tasks_api.reading,
    queues_api.reading,
    archive_api.reading,
    sites_api.reading,
    monitoring.reading,
    monitoring.anyone,
    applications.anyone,
    results.anyone,
)
