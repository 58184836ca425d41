"""What the project costs and what it finds, measured side by side in one run (``make bench``)."""
