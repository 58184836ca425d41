"""Removes people who asked for it, by name, and runs, by their time, from the dataset."""
