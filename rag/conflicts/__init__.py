"""Articles that say different things of the same matter."""
