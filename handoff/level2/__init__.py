"""Level 2 (R4): the specialists' own clock, and telling them by e-mail what was brought to their institution."""
