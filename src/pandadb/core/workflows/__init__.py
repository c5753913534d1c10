"""Sequences as PanDA keeps workflows: a row in WORKFLOWS, and one in WORKFLOW_STEPS for each run.

PanDA's own workflows are in the same tables; a sequence has its name as PRODSOURCELABEL.
"""
