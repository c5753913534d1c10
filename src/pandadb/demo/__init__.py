"""A PanDA database with invented tasks and jobs, for newcomers and for tests."""
