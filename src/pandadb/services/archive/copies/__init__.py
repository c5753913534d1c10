"""The archive in another database: days copied, proven, dropped here when they have waited."""
