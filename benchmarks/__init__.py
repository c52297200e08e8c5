"""What was reached and must not be lost (`floors`), and what reading costs (`reading`); run with python -m."""
