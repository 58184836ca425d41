"""Slices → faces with names: a recogniser's protocol, its two implementations, and what is the same for both."""
