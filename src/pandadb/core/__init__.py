"""What can be done: functions of a transaction that never commit it."""
