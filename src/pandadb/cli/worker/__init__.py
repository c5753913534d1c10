"""`pandadb worker`: commands that run workers of job queues, list and drain them."""
