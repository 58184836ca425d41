"""The steps of one site: a context in, a key out."""
