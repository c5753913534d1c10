"""Messages of a STOMP broker become jobs, and their ends become messages."""
