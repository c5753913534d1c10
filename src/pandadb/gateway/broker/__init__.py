"""The gateway's side of the broker: connections, deliveries, the relay of events."""
