"""Submitting CSVs to Kaggle's leaderboard, each once, and recording their scores."""
