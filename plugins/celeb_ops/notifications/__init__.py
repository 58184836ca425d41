"""Messages to people when a run fails or is late, or a site fails again and again."""
