"""Kinds of events of the gateway in the outbox, whatever the broker's queues are called."""

STARTED, COMPLETE, ERROR, SKIPPED = (
    "gateway:ReductionStarted",
    "gateway:ReductionComplete",
    "gateway:ReductionError",
    "gateway:ReductionSkipped",
)
KINDS = (STARTED, COMPLETE, ERROR, SKIPPED)
ROLES = {
    STARTED: "reduction_started",
    COMPLETE: "reduction_complete",
    ERROR: "reduction_error",
    SKIPPED: "reduction_skipped",
}
"""The settings with the names of the queues to which they go."""
