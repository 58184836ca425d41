"""What is taken out of the dataset: people who asked for it, by name, and runs, by their time."""
