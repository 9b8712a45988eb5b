"""Private notes: what colleagues tell each other beside a conversation. A citizen never sees them: they are no messages."""
