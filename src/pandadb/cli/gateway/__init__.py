"""`pandadb gateway`: messages of a STOMP broker."""
