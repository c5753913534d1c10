"""Verbs and queries of tasks, for operators and services. Each function is one transaction."""
