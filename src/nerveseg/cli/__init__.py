"""The command `nerveseg`: `main` collects the sub-commands, each of which has its own module."""
