"""Handing over and counting: who may speak in a conversation, who waits, who answered, and what it costs."""
