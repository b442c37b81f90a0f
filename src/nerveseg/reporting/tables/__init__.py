"""The report's tables, one module a table."""
