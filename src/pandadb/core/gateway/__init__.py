"""Runs of instruments that messages ask for, and the events that answer them."""
