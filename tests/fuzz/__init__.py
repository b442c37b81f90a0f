"""Feeds damaged bytes to everything that reads files or answers which the project did not check.

`python -m tests.fuzz --count N` damages valid inputs at random. Each reader must return or raise an
`InputError`, in bounded memory and time; everything else is a fault.
"""
