"""X: posts that mention an account as comments, direct messages, posts of our own, and what each of them costs."""
