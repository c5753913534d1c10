"""Jobs of the event service: what their ends do to ranges of events and to other jobs; semantics 2.13."""
