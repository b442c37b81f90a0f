"""Submitting each CSV once to Kaggle's leaderboard, and recording the scores."""
