"""Scores of predicted masks, and what they can and cannot separate."""
