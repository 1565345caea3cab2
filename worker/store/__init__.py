"""The database: thin functions that run a named query of sql/queries and return the core's values."""
