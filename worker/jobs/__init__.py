"""Use cases, one a file; they see core, ports and errors only."""
