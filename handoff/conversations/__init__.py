"""Conversations and their messages: what was said, by whom, and who may speak now."""
