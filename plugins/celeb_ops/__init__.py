"""Trending Celebrities: from a news homepage to a dataset of the people whom the press shows."""

__version__ = "0.1.0"
