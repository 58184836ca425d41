"""``make gallery``: public figures from Wikidata, with photos from Wikimedia Commons, judged before they count.

Who (:mod:`wikidata`) → which photos (:mod:`commons`) → what each shows (:mod:`looking`) → which agree (:mod:`judging`)
→ how near the people come to each other (:mod:`measuring`) → one file (:mod:`celeb_ops.recognition.gallery_file`).
"""
