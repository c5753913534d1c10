"""Requests for tasks, and tasks taken over from T_TASK."""
