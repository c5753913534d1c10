"""Pages generated from models and states: entity diagrams, data dictionary, table of states."""
