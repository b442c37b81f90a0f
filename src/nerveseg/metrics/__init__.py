"""Overlap, ranking and boundary metrics of masks."""
