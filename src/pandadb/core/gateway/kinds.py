"""Kinds of events of the gateway in the outbox, whatever the broker's queues are called."""

STARTED, COMPLETE, ERROR, SKIPPED = (
    "gateway:ReductionStarted",
    "gateway:ReductionComplete",
    "gateway:ReductionError",
    "gateway:ReductionSkipped",
)
READY = "gateway:DataReady"
"""A message that asks for a reduction, as an operator sends it."""
KINDS = (STARTED, COMPLETE, ERROR, SKIPPED, READY)
ROLES = {
    STARTED: "reduction_started",
    COMPLETE: "reduction_complete",
    ERROR: "reduction_error",
    SKIPPED: "reduction_skipped",
    READY: "data_ready",
}
"""The settings with the names of their queues."""
