"""Commands to tasks: requested, accepted, carried out (semantics 3.3)."""
