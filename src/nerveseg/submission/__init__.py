"""Submissions: CSV files `img,pixels` as the competition wants them."""
