"""Sites, queues and storage endpoints as CRIC has them; semantics 8."""
