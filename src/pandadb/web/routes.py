"""All routers of the application."""

from pandadb.web.api import jobs as jobs_api
from pandadb.web.pages import archive, harvester, jobs, login, partitions, shares, sites

ROUTERS = (
    jobs.reading,
    login.anyone,
    archive.reading,
    partitions.reading,
    shares.reading,
    sites.reading,
    harvester.reading,
    jobs_api.reading,
)
