"""What the unmodified panda-server reads from the tables of statistics, as JSON.

It runs in panda-server's environment: `python statistics_reader.py FOLDER HOST PORT DATABASE
PASSWORD`; FOLDER has the program that connects the server, `pandaenv.py`.
"""

import contextlib
import json
import sys
from types import SimpleNamespace

folder, host, port, dbname, password = sys.argv[1:]
sys.path.insert(0, folder)

import pandaenv  # noqa: E402

SHARE = SimpleNamespace(is_global_share=True, queue_name="Simulation", queue_id=50)
RESOURCE = SimpleNamespace(is_global_share=False, queue_name="special", queue_id=77)


def main():
    """Call the server's methods that read statistics."""
    dsn = {"host": host, "port": int(port), "dbname": dbname, "user": "panda"}
    panda = pandaenv.Panda({**dsn, "password": password})
    proxy = panda.proxy
    calls = {
        "per site and resource": lambda: proxy.getJobStatisticsPerSiteResource(None),
        "per site": proxy.getJobStatistics,
        "per site, label and resource": lambda: proxy.get_job_statistics_per_site_label_resource(
            None
        ),
        "cores": lambda: proxy.get_core_statistics("atlas", "managed"),
        "per share": lambda: proxy.getJobStatisticsByGlobalShare("atlas", False),
        "per work queue": lambda: proxy.getJobStatisticsWithWorkQueue_JEDI("atlas", "managed"),
        "disk": proxy.getAvgDiskIO_JEDI,
        "inputs": lambda: proxy.getTypicalNumInput_JEDI("atlas", "managed", SHARE),
        "walltime": lambda: proxy.getTotalWallTime_JEDI("atlas", "managed", SHARE, "MCORE"),
        "walltime of a resource queue": lambda: proxy.getTotalWallTime_JEDI(
            "atlas", "managed", RESOURCE, "MCORE"
        ),
        "highest priority": lambda: proxy.getHighestPrioJobStat_JEDI(
            "managed", "WORLD", RESOURCE, "MCORE"
        ),
        "jumbo": lambda: proxy.getNumTasksWithRunningJumbo_JEDI(
            "atlas", "managed", "WORLD", RESOURCE
        ),
        "metrics": lambda: proxy.get_worker_node_metrics(panda_queue="A", days=1),
    }
    found = {}
    for name, call in calls.items():
        with pandaenv.time_limit(60), contextlib.redirect_stdout(panda.noise):
            found[name] = call()
    panda.close()
    sys.stdout.write(
        json.dumps({"found": found, "errors": pandaenv.RECORDER.errors}, default=pandaenv.plain)
    )


main()
