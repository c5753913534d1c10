"""What can be done: functions of a session that never commit."""
