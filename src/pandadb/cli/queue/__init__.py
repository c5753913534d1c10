"""`pandadb queue`: commands that submit jobs to queues, list, cancel, repair them, send events."""
