"""The unmodified panda-server reads the tables of statistics: see `server_reads.py`."""

from types import SimpleNamespace

from server_reads import report

SHARE = SimpleNamespace(is_global_share=True, queue_name="Simulation", queue_id=50)
RESOURCE = SimpleNamespace(is_global_share=False, queue_name="special", queue_id=77)
KIND = ("atlas", "managed")

report(
    {
        "per site and resource": lambda proxy: proxy.getJobStatisticsPerSiteResource(None),
        "per site": lambda proxy: proxy.getJobStatistics(),
        "per site, label and resource": lambda proxy: (
            proxy.get_job_statistics_per_site_label_resource(None)
        ),
        "cores": lambda proxy: proxy.get_core_statistics(*KIND),
        "per share": lambda proxy: proxy.getJobStatisticsByGlobalShare("atlas", False),
        "per work queue": lambda proxy: proxy.getJobStatisticsWithWorkQueue_JEDI(*KIND),
        "disk": lambda proxy: proxy.getAvgDiskIO_JEDI(),
        "inputs": lambda proxy: proxy.getTypicalNumInput_JEDI(*KIND, SHARE),
        "walltime": lambda proxy: proxy.getTotalWallTime_JEDI(*KIND, SHARE, "MCORE"),
        "walltime of a resource queue": lambda proxy: proxy.getTotalWallTime_JEDI(
            *KIND, RESOURCE, "MCORE"
        ),
        "highest priority": lambda proxy: proxy.getHighestPrioJobStat_JEDI(
            "managed", "WORLD", RESOURCE, "MCORE"
        ),
        "jumbo": lambda proxy: proxy.getNumTasksWithRunningJumbo_JEDI(*KIND, "WORLD", RESOURCE),
        "metrics": lambda proxy: proxy.get_worker_node_metrics(panda_queue="A", days=1),
    }
)
