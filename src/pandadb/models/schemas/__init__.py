"""Tables outside of doma_panda: the other schemas of PanDA, and pandadb's own."""
