"""Wikidata and Wikimedia Commons on loopback: their documented protocols, limits and faults, over a made-up world."""
