"""Dates as they are written, and what relative words mean beside the date of an article."""
