"""Rows of the configurator's tables, from dumps."""
