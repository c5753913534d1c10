"""Jobs of the event service: their ends, with ranges of events and other jobs; semantics 2.13."""
