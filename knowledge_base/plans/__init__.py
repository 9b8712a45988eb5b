"""Conversation plans as data: what is said, asked and done, step by step; written by editors, run by the assistant (R2, R21)."""
