"""Scores readings against truth and reports the scores, for `camdigits evaluate` and for training."""
