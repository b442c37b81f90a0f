"""Scores of frames and runs, and tests of the differences between runs."""
