"""What a person types: make run, make demo, make up. The one part that prints."""
