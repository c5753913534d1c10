"""`pandadb demo`: the commands on `pandadb.demo`."""
