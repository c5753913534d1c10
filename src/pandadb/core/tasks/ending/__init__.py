"""The ends of tasks: inputs that have all ended, scouts, final states."""
