"""The database: named queries in, models out; and the same in memory."""
