"""Reports of jobs on ranges of events, archive files with their outputs, unreadable ones."""
