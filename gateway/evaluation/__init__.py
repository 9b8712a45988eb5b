"""Measures the assistant: questions from files go the way that citizens' messages go, and what came of each is counted."""
