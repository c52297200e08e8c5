"""Readings against truth: scores and their report; `camdigits evaluate`, and what training measures with."""
