"""What people are told when something is wrong: what a run came to, and which sites fail again and again."""
