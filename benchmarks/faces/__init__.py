"""``make bench-faces``: how right the local recogniser's names are on photos whose people are known.

A folder of photos (:mod:`labelled`), each on a piece of a page (:mod:`pages`), looked at once (:mod:`looking`) → what
galleries of several sizes make of each (:mod:`naming`) → shares with intervals (:mod:`measures`) → tables, and one page
(:mod:`report`, :mod:`montage`).
"""
