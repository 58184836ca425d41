"""Ways to cut a screenshot, each with its own imports alone: a process's memory is that of its way."""
