"""Upkeep of job queues: repairs, the outbox, mail, summaries."""
