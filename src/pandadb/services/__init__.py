"""What somebody asked for: opens the transaction, calls the core, returns plain values."""
