"""Calls a recogniser that costs money: each slice once, faces on contact sheets, within a budget."""
