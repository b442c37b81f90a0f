"""Scores of predicted masks, and which differences between runs they support."""
