"""`pandadb errors`: errors of failed jobs, and the rules for them."""
