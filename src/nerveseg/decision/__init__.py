"""Fitting the rule that decides whether a frame shows a nerve, on validation frames."""
