"""How a recogniser that costs money is asked: each slice once, faces on contact sheets, within a budget."""
