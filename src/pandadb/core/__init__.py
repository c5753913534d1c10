"""The rules and statements of each family: functions of a transaction that never commit it."""
