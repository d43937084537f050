"""Follow-ups put into words that need no history, by rule."""
