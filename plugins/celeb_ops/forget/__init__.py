"""What is done for people who asked not to be in the dataset: ``python -m celeb_ops.forget NAME``."""
