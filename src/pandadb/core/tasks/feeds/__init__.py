"""The feed of a task: due datasets, the catalogue's files, and the next state."""
