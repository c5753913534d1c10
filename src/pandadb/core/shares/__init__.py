"""Global shares."""
