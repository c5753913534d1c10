"""Accounts: users, their roles, and how a request proves to come from one."""
