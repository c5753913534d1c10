"""All routers of the application."""

from pandadb.web.api import jobs as jobs_api
from pandadb.web.pages import applications, jobs, login, results

ROUTERS = (
    jobs.reading,
    login.anyone,
    jobs_api.reading,
    applications.anyone,
    results.anyone,
)
