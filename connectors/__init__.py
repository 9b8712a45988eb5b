"""Channels: one package each. A connector knows the broker's gate and the message model, nothing else of ``handoff``."""
