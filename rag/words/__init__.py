"""Single words and numbers: how they are spelt, what they are worth, what they name."""
