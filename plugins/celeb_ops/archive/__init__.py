"""Pages as they were: a Memento archive (RFC 7089), asked politely, and shown in a browser without today's web.

``rate_limiter`` is how often the archive is asked, ``memento`` what it is asked, ``replay`` how a browser gets to see
it, and ``past`` the capture of a page of the past.
"""
