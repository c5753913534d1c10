"""Commands to Harvester: the queue of an instance, and the locks of its calls."""
