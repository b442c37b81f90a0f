"""The command `nerveseg`: `main` collects the sub-commands, and each has its own module."""
