"""Rows of jobs that go between live tables and archive where a whole day cannot."""
