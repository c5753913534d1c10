"""Steps after the days of a run: the rows of the job queue, and the index of PandaIDs."""
