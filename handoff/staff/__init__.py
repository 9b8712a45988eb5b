"""Operators, specialists, supervisors: accounts, sessions, presence."""
