"""All routers of the application."""

from pandadb.web.api import jobs as jobs_api
from pandadb.web.pages import jobs, login

ROUTERS = (
    jobs.reading,
    login.anyone,
    jobs_api.reading,
)
