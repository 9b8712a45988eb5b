"""What is to be expected: contacts by hour, and how many operators that takes (R12, R13)."""
