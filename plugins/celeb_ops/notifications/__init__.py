"""Who is told when something is wrong: messages of a run, by the providers' Notifiers."""
