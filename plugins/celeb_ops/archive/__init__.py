"""Pages as they were: a Memento archive (RFC 7089), asked politely, and shown in a browser without today's web.

``rate_limiter`` says when the archive may be asked, ``memento`` asks it, ``replay`` shows its page to a
browser, and ``past`` captures that.
"""
