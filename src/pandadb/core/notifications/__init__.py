"""The ends of job sets and tasks: summed up, found without a mail, listened to."""
