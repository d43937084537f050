"""Questions made from the articles that they are known to answer."""
