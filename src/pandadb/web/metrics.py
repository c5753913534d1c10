"""Metrics for Prometheus."""

from collections.abc import Iterator

from prometheus_client.core import CollectorRegistry, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from typing_extensions import override

from pandadb.services.overview import Overview


class OverviewCollector(Collector):
    """The numbers of an overview as gauges."""

    def __init__(self, found: Overview) -> None:
        self.found = found

    @override
    def collect(self) -> Iterator[Metric]:
        """Yield the gauges."""
        yield _jobs(self.found)
        yield from _queues(self.found)
        for name, text, value in (
            ("oldest_lease_seconds", "Age of the oldest lease", self.found.oldest_lease),
            ("expired_leases", "Leases that have expired", self.found.expired_leases),
            ("workers", "Workers that are alive", self.found.workers),
            ("outbox_events", "Events that wait to be sent", self.found.outbox_events),
            ("outbox_age_seconds", "Age of the oldest of them", self.found.outbox_age),
            ("outbox_given_up", "Events that are not sent any more", self.found.outbox_given_up),
            ("archive_lag_seconds", "Time since the oldest day is due", self.found.archive_lag),
            ("archive_days_due", "Days that are due", self.found.archive_due),
            ("archive_days_put_off", "Days that are put off", self.found.archive_put_off),
        ):
            if value is not None:
                yield GaugeMetricFamily(f"pandadb_{name}", text, value)
        default = GaugeMetricFamily(
            "pandadb_default_rows", "Rows in DEFAULT partitions", labels=("table",)
        )
        for table, rows in self.found.default_rows.items():
            default.add_metric([table], rows)
        yield default


def _jobs(found: Overview) -> Metric:
    jobs = GaugeMetricFamily("pandadb_jobs", "Live jobs", labels=("table", "jobstatus"))
    for one in found.jobs:
        jobs.add_metric([one.table, one.jobstatus], one.jobs)
    return jobs


def _queues(found: Overview) -> Iterator[Metric]:
    depth = GaugeMetricFamily("pandadb_queue_jobs", "Jobs of queues", labels=("queue", "kind"))
    age = GaugeMetricFamily(
        "pandadb_queue_age_seconds", "Time since the oldest job is ready", labels=("queue",)
    )
    for queue in found.queues:
        for kind in ("ready", "pending", "throttled", "running"):
            depth.add_metric([queue.queue, kind], getattr(queue, kind))
        if queue.age is not None:
            age.add_metric([queue.queue], queue.age)
    yield depth
    yield age


def registry_of(found: Overview) -> CollectorRegistry:
    """Return a registry with the numbers of an overview."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(OverviewCollector(found))
    return registry
