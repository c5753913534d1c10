"""Metrics for Prometheus."""

from collections.abc import Iterator
from dataclasses import dataclass

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from typing_extensions import override

from pandadb.services import archive, coverage, queue, selection


@dataclass(frozen=True, eq=False)  # a registry hashes it
class Numbers(Collector):
    """The numbers that are exported, as gauges."""

    report: selection.JobReport
    queues: list[queue.QueueDepth]
    backlog: queue.Backlog
    archive: archive.Status
    coverage: coverage.Coverage

    @override
    def collect(self) -> Iterator[Metric]:
        """Yield the gauges."""
        yield _labelled("jobs", "Jobs that the live tables have", "jobstatus", self.report.states)
        yield from self._of_queues()
        backlog, status = self.backlog, self.archive
        default = {one.table: one.stray for one in self.coverage.tables}
        yield _labelled("default_rows", "Rows in DEFAULT partitions", "table", default)
        yield from _single(
            ("leases", "Jobs that workers have under a lease", backlog.leases),
            ("leases_expired", "Leases that have expired", backlog.expired),
            ("lease_overdue_seconds", "Time since the first expired", backlog.overdue),
            ("outbox_events", "Events that wait to be sent", backlog.events),
            ("outbox_age_seconds", "Age of the oldest of them", backlog.event_age),
            ("outbox_given_up", "Events that are not sent any more", backlog.given_up),
            ("archive_lag_seconds", "Time since the oldest day is due", status.lag),
            ("archive_days_due", "Days that the next run takes", status.due),
            ("archive_days_put_off", "Days that are put off", status.put_off),
            ("archive_jobs_in_default", "Jobs that are never archived", status.in_default),
        )

    def _of_queues(self) -> Iterator[Metric]:
        depth = GaugeMetricFamily("pandadb_queue_jobs", "Jobs of queues", labels=["queue", "kind"])
        for one in self.queues:
            for kind in ("ready", "pending", "throttled", "running"):
                depth.add_metric([one.queue, kind], getattr(one, kind))
        yield depth
        ages = {one.queue: one.age for one in self.queues if one.age is not None}
        yield _labelled("queue_age_seconds", "Time since the oldest is ready", "queue", ages)
        workers = {one.queue: one.workers for one in self.queues}
        yield _labelled("queue_workers", "Workers that are alive", "queue", workers)


def _labelled(
    name: str, text: str, label: str, values: dict[str, float] | dict[str, int]
) -> Metric:
    gauge = GaugeMetricFamily(f"pandadb_{name}", text, labels=[label])
    for key, value in values.items():
        gauge.add_metric([key], value)
    return gauge


def _single(*metrics: tuple[str, str, float | None]) -> Iterator[Metric]:
    for name, text, value in metrics:
        if value is not None:
            yield GaugeMetricFamily(f"pandadb_{name}", text, value)
