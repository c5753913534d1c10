"""Drawings of pages: places of bars, and of jobs in a graph; templates draw them as SVG."""
