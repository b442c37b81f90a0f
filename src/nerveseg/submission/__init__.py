"""Submissions: CSV files `img,pixels` in the format of the competition."""
