"""``make gallery``: public figures from Wikidata, with photos from Wikimedia Commons, judged before they count.

Who (:mod:`wikidata`) → which photos (:mod:`commons`) → what each shows (:mod:`photo_analysis`) → which agree
(:mod:`photo_selection`) → how near the people come to each other (:mod:`thresholds`) → one file
(:mod:`celeb_ops.recognition.local.gallery_file`).
"""
