"""Sites that may show the web chat: where, in what words and colour, and when the chat invites (R5)."""
