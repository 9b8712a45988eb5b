"""Accounts on platforms, what they told us (inbound store) and what we owe them (outbox)."""
