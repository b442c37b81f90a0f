"""Metrics of one mask: overlap, ranking of pixels, distance between outlines."""
