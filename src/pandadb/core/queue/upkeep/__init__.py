"""What keeps a job queue in order: repairs, the outbox, summaries."""
