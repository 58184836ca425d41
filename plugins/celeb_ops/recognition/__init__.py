"""Slices → faces with names: the recogniser protocol, its two implementations, and what both share."""
