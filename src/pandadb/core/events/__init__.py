"""Ranges of events, JEDI_EVENTS: made, taken in turns, ended; semantics 2.13."""
