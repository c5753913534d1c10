"""Tasks: their states, submission, commands, retries and ends."""
