"""Kaggle's own client, kept in a child process with a time limit, its failures as one line."""
