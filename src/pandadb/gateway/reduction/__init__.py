"""The reduction of a run: the payload of its job, run by a worker in a process of its own."""
