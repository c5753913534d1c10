"""The job controller: jobs and flows found, changed and reported, by filter or by name."""
