"""Doubtful duplicates of the old catalogue: shown side by side, decided on by editors, taken up by the next import."""
