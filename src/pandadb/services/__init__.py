"""Use cases: each function opens a transaction, calls the core, and returns plain values."""
