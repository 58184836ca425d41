"""Pages for people: self-contained HTML, everything a site said escaped."""
