"""`pandadb events`: commands that list, take, report and release ranges of events."""
