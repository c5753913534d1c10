"""Pages written from models and states: entity diagrams, data dictionary, table of states."""
