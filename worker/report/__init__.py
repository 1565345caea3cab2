"""Figures to table, CSV, JSON, Markdown and HTML."""
