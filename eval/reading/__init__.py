"""A model that reads: rows from collections, twins, mined passages, a teacher's grades, training."""
