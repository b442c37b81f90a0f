"""The report's charts, one module a figure."""
