"""Kaggle's own client, run in a child process under time limits."""
