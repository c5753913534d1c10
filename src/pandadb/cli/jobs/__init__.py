"""`pandadb jobs`: commands that change, end and find jobs."""
