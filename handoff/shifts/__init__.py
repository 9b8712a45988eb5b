"""Planned shifts, beside what the forecast asks for."""
