"""The typed sections of params.yaml, one module a section."""
