"""The feed of a task: what is due, what the catalogue has, and the next state."""
