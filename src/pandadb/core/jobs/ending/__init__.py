"""Jobs that are ended: by a command, by a timeout, by a lost heartbeat, by another job."""
