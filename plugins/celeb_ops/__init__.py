"""Trending Celebrities: from a news homepage to a dataset of whom the press shows."""

__version__ = "0.1.0"
