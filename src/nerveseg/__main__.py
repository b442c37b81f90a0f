"""Runs the command line: `python -m nerveseg` is the same as `nerveseg`."""

from nerveseg.cli.main import main

if __name__ == "__main__":
    main()
