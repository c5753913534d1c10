"""Flows: found, stopped, resumed, deleted. Each function is one transaction."""

from pandadb.core.control.flow_locks import FlowLocked
from pandadb.core.queue.flows.documents import read
from pandadb.core.queue.flows.families import JobGraph
from pandadb.core.queue.flows.flow_pages import FlowFilter, FlowGraph, FlowPage
from pandadb.core.queue.flows.flow_rows import (
    FlowExists,
    FlowNotAllowed,
    FlowNotFound,
    NewFlow,
)
from pandadb.core.queue.flows.graphs import Graph, Response
from pandadb.core.queue.flows.layers import label, layers
from pandadb.core.queue.flows.new_flows import ParentOutside
from pandadb.services.queue.flows.deletions import TooManyFlows, delete, reset
from pandadb.services.queue.flows.search import JobNotFound, around, count, find, get, of_job
from pandadb.services.queue.flows.stops import (
    FlowOutcome,
    refresh,
    resume,
    stop,
    stop_children,
)

__all__ = [
    "FlowExists",
    "FlowFilter",
    "FlowGraph",
    "FlowLocked",
    "FlowNotAllowed",
    "FlowNotFound",
    "FlowOutcome",
    "FlowPage",
    "Graph",
    "JobGraph",
    "JobNotFound",
    "NewFlow",
    "ParentOutside",
    "Response",
    "TooManyFlows",
    "around",
    "count",
    "delete",
    "find",
    "get",
    "label",
    "layers",
    "of_job",
    "read",
    "refresh",
    "reset",
    "resume",
    "stop",
    "stop_children",
]
