"""``make bench-faces``: how right the local recogniser's names are on photos whose people are known.

Photos (:mod:`labelled`) → what the recogniser makes of each (:mod:`naming`) → shares with intervals (:mod:`measures`)
→ tables and one page (:mod:`report`).
"""
