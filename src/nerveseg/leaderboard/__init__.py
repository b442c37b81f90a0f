"""Submitting to Kaggle's leaderboard, each file once, and keeping what came of it."""
