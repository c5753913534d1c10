"""All routers of the application."""

from pandadb.web.api import jobs as jobs_api
from pandadb.web.pages.jobs import files as job_files
from pandadb.web.pages.jobs import job
from pandadb.web.pages.jobs import lists as job_lists
from pandadb.web.pages.jobs import verbs as job_verbs

ROUTERS = (
    job_lists.reading,
    job_verbs.operating,
    job.reading,
    job_files.reading,
    jobs_api.reading,
)
