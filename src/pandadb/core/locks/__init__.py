"""Locks of other sessions: which of them a session waits for."""
