"""The shell's face: the one command behind the make targets."""
